"""What the rules know: entities with their aliases, event verbs and topics, English and French.

Every entry is one or more words, already folded (lower case, no accents); ``word*`` matches any
word starting so. Entries are separated by ``;``, and all that match count, with one exception: an
entry of ``noise`` or ``idiom`` shields its words from every other, so that ``blue chip`` hides
``chip`` and ``rubin observatory`` hides ``rubin``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

_ENTITIES: Mapping[str, str] = {
    "nvidia": "nvidia; nvda; nvidias",
    "huang": "huang; jensen; jensen huang; kress; colette kress",
    "nv_chip": """
        h100; h100s; h200; h200s; a100; a100s; b100; b200; b300; gb200; gb300; gb10; l40s;
        blackwell*; rubin; vera rubin; hopper; feynman; dgx*; hgx; nvl72; nvl144; nvl576; cuda;
        nvlink*; cpx; grace hopper; grace blackwell; bluefield; spectrum x; blackwell ultra; rubin
        ultra; dynamo; nim; gpu nvidia; puce nvidia; puces nvidia; groq licen*; kyber
    """,
    "nv_china_chip": """
        h20; h20s; h800; h800s; a800; a800s; b30a; b30; b40; b20; h30; l20; l2; rtx pro 6000d;
        rtx6000d; rtx 6000d; rtx pro 6000; 6000d; rtx 5090d; 4090d; rtx 4090d; cut down chip*;
        scaled down chip*; downgraded chip*; china specific chip*; china chip; china bound; china
        compliant; scaled down blackwell; watered down; puce bridee; puces bridees; version
        bridee; china focused chip; china only chip
    """,
    "nv_gaming": """
        geforce*; rtx 50; rtx 40; rtx 60; rtx 5090; rtx 5080; rtx 5070; rtx 5060; rtx 4090; rtx
        4080; shield tv; nvidia shield; dlss; game ready; gaming; gamer*; driver; drivers; pilote
        graphique; pilotes graphiques; titles; esports; video game*; graphics card*; carte
        graphique; cartes graphiques; jeux video; jeu video; g sync; reflex; ray tracing; path
        tracing; rtx remix; laptop gpu*; omniverse; digits; project digits; dgx spark; gamescom;
        neural rendering; desktop ai; ordinateur de bureau; on desks; broadcast app; nvidia app;
        cloud gaming; steam survey; steam hardware survey; nvidia broadcast
    """,
    "cn_lab": """
        deepseek; deep seek; moonshot; moonshot ai; zhipu; zhipu ai; z ai; zai; minimax; stepfun;
        step fun; 01 ai; baichuan; sensetime; iflytek; inclusion ai; inclusionai; modelbest; liang
        wenfeng; wenfeng; high flyer; kai fu lee; yang zhilin; manus; ubiquant; knowledge atlas;
        infinigence; siliconflow; chinese ai lab*; chinese lab*; chinese start up; chinese
        startup; chinese ai startup*; chinese ai start up; laboratoire chinois; laboratoires
        chinois; start up chinoise; startup chinoise; chinese ai firm*; chinese ai developer*;
        chinese developer*; tiger ai; chinese ai compan*; chinese rival
    """,
    "deepseek": "deepseek; deep seek; liang wenfeng; wenfeng; high flyer",
    "cn_tech": """
        alibaba*; baba; tongyi; tencent; tcehy; baidu; bidu; bytedance; byte dance; volcano
        engine; volcengine; ant; ant group; ant financial; xiaomi; meituan; jd; jd com; kuaishou;
        china mobile; china telecom; china unicom; robin li; eddie wu; joe tsai; pony ma; tsai;
        chinese tech giant*; chinese tech; chinese internet giant*; chinese big tech; chinese
        cloud*; geants chinois; geants du numerique; tech giants; chinese firms; chinese
        companies; chinese buyers; entreprises chinoises; chinese customers; chinese clients;
        chinese groups; chinese telecom*; didi; netease; bilibili; sugon; inspur; lenovo; unicom;
        zte; 360; qihoo; state firms; state owned firms; state owned enterprises; chinese cloud
        buyers; big tech chinois; huawei cloud; acheteurs chinois; state backed
    """,
    "huawei": "huawei*; hisilicon; ren zhengfei; eric xu; richard yu",
    "cn_model": """
        qwen3*; qwen4*; qwen 3*; qwen 4*; qwq*; qwen2.5 max; qwen max; qwen3 max; kimi k2*; k2
        thinking; kimi k3; k2.5; k2.6; k2.7; k3; glm 4.5*; glm 4.6; glm 4.7; glm 5*; glm5*;
        minimax m1; minimax m2*; minimax m3; minimax m4; m2.5; doubao 1.5*; doubao 2*; doubao
        seed*; seed 2*; seed 1.6; seed oss; mimo*; longcat*; ring 1t; ling 1t; step 3*; step3*;
        ernie x1*; x1.1; ernie 5*; hunyuan t1; hunyuan 2*; deepseek r1*; deepseek r2*; deepseek
        v3*; deepseek v4*; r1 0528; v3 0324; v3.1; v3.2*; v4 pro; v4 flash; yi lightning; pangu
        ultra*; deepseek coder*; speciale; hunyuan a13b; kimi linear; qwen next; pangu pro*; kimi
        researcher; deepseek math*; deepseek ocr; janus pro; kat coder
    """,
    "cn_model_plain": """
        qwen*; tongyi qianwen; kimi; glm*; chatglm*; ernie*; wenxin; doubao; hunyuan*; pangu*; yi
        large; yi 34b; baichuan 2; abab*; step 1*; step 2*; spark 4*; hailuo*; seedance*; deepseek
        v2*; deepseek llm; deepseek 67b; internlm*; minicpm*; skywork*; sensenova*; xinghuo;
        kling*; wan2*; seedream
    """,
    "model_version": """
        r1; r1s; r2; v2; v2.5; v3; v4; v5; v3.5; k1.5; k2; m1; m2; m3; x1; t1; s1; m2.1; v4 lite;
        r3; m2.7; k2 base
    """,
    "us_lab": """
        openai; anthropic; xai; deepmind; google deepmind; altman; sam altman; amodei; musk; elon
        musk; ssi; thinking machines; mistral; mistral ai; cohere; perplexity; ai21; hugging face;
        chatgpt maker; scale ai; reflection ai; inflection; character ai; murati; sutskever;
        lecun; inception; stability ai; safe superintelligence; meta superintelligence;
        midjourney; runway
    """,
    "us_model": """
        gpt; gpt 2; gpt 3*; gpt 4*; gpt 5*; gpt 6*; gpt4*; gpt5*; gpt oss*; chatgpt; claude*;
        opus; sonnet; haiku; opus 4*; sonnet 4*; gemini*; gemma*; grok*; llama*; behemoth; o1; o3;
        o4; o3 mini; o4 mini; orion; codex; copilot; phi 3; phi 4; nemotron*; mixtral; magistral;
        devstral; command r*; nova pro; amazon nova; medium 3; mythos*; mistral large; mistral
        medium; mistral small; large 2; large 3; muse spark; muse
    """,
    "cn_chip": """
        ascend; ascend 910*; 910; 910b; 910c; 910d; 920; 920c; ascend 920; ascend 950*; 950pr;
        950dt; ascend 960; ascend 970; ascend 310; cloudmatrix*; cloud matrix*; atlas 900; atlas
        950; atlas 960; atlas 350; atlas 800; superpod; supernode*; supernoeud; cann; mindspore;
        kunpeng; cambricon; siyuan*; mlu590; mlu690; hygon; dcu; kunlun*; p800; kunlun p800; m100;
        m300; moore threads; mtt*; musa; metax; muxi; biren; birentech; br100; enflame; suiyuan; t
        head; pingtouge; hanguang; ppu; zhenwu*; iluvatar; loongson; vastai; jingjia; innosilicon;
        denglin; tianshu zhixin; huawei chip*; huawei ai chip*; huawei gpu*; huawei processor*;
        huawei accelerator*; huawei silicon; huawei hardware; huawei npu*; puce huawei; puces
        huawei; puces de huawei; puce de huawei; domestic chip*; domestic ai chip*; domestic gpu*;
        domestic accelerator*; domestic silicon; domestic npu*; domestic hardware; domestic
        processor*; domestic semiconductors; chinese chip; chinese chips; chinese ai chip*;
        chinese made chip*; chinese made ai chip*; chinese gpu*; chinese accelerator*; chinese
        silicon; chinese npu*; chinese processor*; chinese hardware; chinese semiconductors; local
        chip*; local ai chip*; local gpu*; local hardware; local accelerator*; local silicon; home
        grown chip*; homegrown chip*; home grown ai chip*; homegrown ai chip*; home grown
        accelerator*; homegrown accelerator*; home grown part*; home grown processor*; homegrown
        processor*; home grown gpu*; homegrown gpu*; home grown silicon; homegrown silicon; home
        made chip*; home made inference chip*; chip made in china; chips made in china; chips
        domestiques; puce chinoise; puces chinoises; puces ia chinoises; puces locales; puces
        nationales; processeurs chinois; puces made in china; puces domestiques; accelerateurs
        chinois; gpu chinois; composants chinois; semi conducteurs chinois; china s chips; china s
        ai chips; chinas chips; chinese alternative*; chinese ai accelerator*; chinese ai gpu*;
        chinese ai processor*; domestic ai processor*; domestic ai accelerator*; domestic
        alternative*; local alternative*; homegrown alternative*; local rivals; domestic rivals;
        domestic substitut*; home grown alternative*; buy local; local part*; china made chip*;
        china made gpu*; made in china chip*; indigenous chip*; sovereign chip*; alternatives
        locales; alternative chinoise; alternatives chinoises; huawei ascend; hisilicon ascend;
        huawei cloudmatrix; xring; lingxi; lisuan; sophgo; horizon ai chip; puces ascend; puce
        ascend; own ai chips; puce ia chinoise
    """,
    "own_chip": """
        own chip*; own ai chip*; own processor*; own silicon; self designed*; self developed*; in
        house chip*; in house ai chip*; in house silicon; custom chip*; custom ai chip*; custom
        silicon; propres puces; propre puce; puces maison; puce maison; custom accelerator*;
        custom processor*; bespoke chip*; in house training chip; in house processor*; in house
        accelerator*; puce d inference; inference chip*; new inference chip; home built chip*;
        homemade chip*; in house ai accelerator*; puces sur mesure; puce sur mesure; proprietary
        chip*; own accelerator*; custom asic*
    """,
    "cn_fab": """
        smic; cxmt; changxin; ymtc; hua hong; huahong; smee; naura; sicarrier; swaysure; nexchip;
        amec; xmc; pengxinwei; chinese foundry; chinese chipmaker*; chinese chip maker*; chinese
        chip stocks; chinese chip shares; chinese semis; chinese fab*; star 50; star50
    """,
    "cn_phone": "kirin; mate 60*; mate 70*; mate 80*; pura; harmonyos; huawei phone*",
    "fab": """
        tsmc; tsm; taiwan semiconductor; samsung; sk hynix; hynix; amkor; foxconn; hon hai;
        quanta; wistron; wiwynn; inventec; asml; c c wei; ase; gigabyte; supermicro; super micro;
        smci; dell
    """,
    "memory": "hbm*; hbm2*; hbm3*; hbm4*; high bandwidth memory; cowos*; micron; dram; wafers",
    "us_gov": """
        us; united states; the united states; america; washington; white house; maison blanche;
        commerce; commerce department; department of
        commerce; us commerce; bis; bureau of industry and security; lutnick; bessent; raimondo;
        kessler; jeffrey kessler; sacks; david sacks; greer; rubio; hegseth; pentagon; state
        department; treasury department; us treasury; us official*; us government; us
        administration; trump*; biden*; administration; congress; senate; senator; senators; house
        panel; house committee; house select committee; select committee; lawmaker*; republican*;
        democrat*; capitol; us regulators; moolenaar; krishnamoorthi; warren; cotton; banks;
        schumer; kratsios; howard lutnick; uncle sam; etats unis; americain; gouvernement
        americain; administration americaine; departement du commerce; congres; senat; senateurs;
        elus americains; oval office; mar a lago; kendler; estevez; thea kendler; parlementaires;
        federal government; us lawmakers; us senators; us agency; landau; etats uniens; washington
        s; house republicans; house speaker
    """,
    "congress": """
        congress; senate; senator; senators; house panel; house committee; select committee; house
        select committee; lawmaker*; republican*; democrat*; moolenaar; krishnamoorthi; warren;
        cotton; schumer; congres; senat; senateurs; elus americains; defence bill; defense bill;
        ndaa; gain ai; gain ai act; chip security act; us lawmakers; us senators; parlementaires
    """,
    "china": """
        china; chinese; chine; chinois; chinoise; chinoises; prc; mainland; hong kong; shanghai;
        shenzhen; china s; sino
    """,
    "cn_gov": """
        beijing; pekin; cac; cyberspace administration; cyberspace regulator; miit; ndrc; samr;
        mofcom; xi; xi jinping; chinese regulator*; chinese authorit*; chinese government; chinese
        official*; chinese ministry; ministry of commerce; commerce ministry; state council;
        chinese watchdog; internet regulator; internet watchdog; chinese cyberspace watchdog;
        cyberspace watchdog; regulateur chinois; regulateurs chinois; autorites chinoises;
        gouvernement chinois; industry ministry; li qiang; he lifeng; politburo; ccp; state media;
        state tv; state television; politburo s; people s daily; yuyuan tantian; cctv; chinese
        customs; douanes chinoises; chinese state; regulateur de l internet; chinese antitrust;
        state planner; chinese commerce ministry; cyberspace agency; china regulator*; china
        watchdog; china cac; china samr; china miit; china ndrc
    """,
    "customs": "customs; douane; douanes; douanier*; ports; port inspection*; border check*",
    "gulf": """
        saudi*; arabie saoudite; uae; emirates; emirats; abu dhabi; g42; humain; mgx; qatar; gulf;
        golfe; middle east; moyen orient; riyadh; riyad; kuwait; dubai; kazakhstan
    """,
    "other_gov": """
        malaysia*; singapore*; singapour; thailand; india; inde; netherlands; dutch; pays bas; the
        hague; la haye; japan; japon; tokyo; south korea; coree; seoul; taiwan; taipei; germany;
        france; uk; britain; london; israel; brazil; canada; mexico; vietnam; indonesia; swiss;
        switzerland; russia; russie; macron; europe; european
    """,
    "regulator": """
        doj; justice department; ministere de la justice; justice americaine; ftc; federal trade
        commission; sec; antitrust; anti trust; antimonopoly; anti monopoly; monopoly; competition
        authority; competition watchdog; autorite de la concurrence; eu; european union; brussels;
        bruxelles; european commission; commission europeenne; cma; jftc; kftc; justice dept;
        prosecutor*; parquet; attorney general; fbi; competition regulator*; antitrust regulator*;
        french regulator; trustbuster*; union europeenne; watchdog; vestager; ribera; concurrence;
        anticompetitive; anticoncurrentiel*; abus de position dominante
    """,
    "fed": """
        fed; fomc; federal reserve; powell; jerome powell; reserve federale; waller; bowman;
        goolsbee; kashkari; bostic; hammack; jefferson; barr; miran; musalem; schmid; barkin;
        kugler; warsh; hassett; lisa cook; mary daly; john williams; lorie logan; jay powell; fed
        s; us fed; feds; fed chair; fed governor; fed minutes; fed watch; fedwatch; fed speak;
        paulson fed; banque centrale americaine; us central bank; jackson hole; beige book; dot
        plot; dots
    """,
    "other_cb": """
        ecb; bce; boe; boj; pboc; snb; rba; rbnz; riksbank; norges bank; bank of england; bank of
        japan; bank of canada; bank of korea; swiss national bank; people s bank of china; banque
        centrale europeenne; lagarde; bailey; ueda; banque d angleterre; banque du japon; reserve
        bank of australia; reserve bank of india; rbi; banxico; turkish central bank; european
        central bank; bank of mexico; banque populaire de chine; bank indonesia; bok; boc; turkey
        s central bank; brazil central bank; swedish central bank; banque du canada; banque
        nationale suisse; bns; turquie; reserve bank
    """,
    "hyper": """
        microsoft; msft; azure; nadella; amazon; amzn; aws; jassy; google; googl; goog; alphabet;
        pichai; meta; zuckerberg; oracle; orcl; ellison; hyperscaler*; big tech; gafam; mag 7;
        magnificent seven; cloud giant*; cloud provider*; meta platforms; google cloud; facebook;
        amazon web services; geants de la tech; geants americains; amy hood; susan li; safra catz;
        suleyman; kevin scott; tech giant; megacap*; geants du cloud
    """,
    "neocloud": """
        coreweave; crwv; nebius; nbis; lambda; crusoe; stargate; softbank; iren; vultr; nscale;
        applied digital; cipher mining; galaxy digital; aligned data centers; vantage; blue owl;
        colossus; hyperion; masayoshi son; firmus; together ai; fluidstack; blackrock; brookfield;
        digital realty; equinix; project rainier; terawulf; hut 8; core scientific; data center
        operator*; data centre operator*; yotta; reliance; northern data; sovereign ai;
        digitalocean; vertiv; deutsche telekom; prosperity7; crusoe energy; gigafactor*
    """,
    "rival": """
        amd; lisa su; intel; intc; lip bu tan; broadcom; avgo; hock tan; marvell; mrvl; qualcomm;
        qcom; cerebras; groq; sambanova; tenstorrent; graphcore; etched; d matrix; mediatek;
        alchip; arm holdings; annapurna; positron; furiosa*; rebellions; advanced micro; advanced
        micro devices; ampere; jim keller; matx; rapidus; celestica; lightmatter; credo; astera
        labs; cuda rival*; unconventional ai
    """,
    "rival_chip": """
        tpu; tpus; trillium; ironwood; trainium*; inferentia*; maia*; mtia*; axion; cobalt;
        mi300*; mi308*; mi325*; mi350*; mi355*; mi400*; mi430*; mi440*; mi450*; mi455*; mi500*;
        instinct; gaudi*; falcon shores; jaguar shores; crescent island; ai200; ai250; helios;
        rocm; asic; asics; xpu; xpus; wafer scale; lpu; google chip*; google s chip*; amazon
        chip*; puces de google; puces d amd; puces amd; puces google; tensor processing unit*;
        tensor chip*; nvidia rival*; nvidia alternative*; nvidia killer; alternative to nvidia;
        alternatives to nvidia; rival to nvidia; rivals to nvidia; challenge nvidia; rival nvidia;
        titan chip; baltra; non nvidia; rival de nvidia; rivaux de nvidia; alternative a nvidia;
        concurrent de nvidia; challenger nvidia; dependance a nvidia; reliance on nvidia;
        dependence on nvidia; triton; torchtpu; mtia 2; amd chips; amd gpus; amd gpu; amd ai
        chip*; amazon s chips; broadcom chip*; nvidia competitor*; uxl; ultra ethernet; ualink
    """,
    "quantum": "quantum*; quantique*; d wave; ionq; rigetti",
    "eda": """
        eda; chip design software; synopsys; cadence; siemens eda; chip tool*; lithography;
        chipmaking tool*; chip making tool*; asml tool*; euv; duv; wafer fab equipment; chip
        equipment; chipmaking equipment; chipmaking gear; chip gear; chip software; chip design;
        chipmaking machin*; machines d asml; machines de lithographie; advanced chip equipment;
        lam research; applied materials; kla; tokyo electron; logiciels de conception; chip making
        equipment; semiconductor equipment
    """,
}

_TOPICS: Mapping[str, str] = {
    "chip": """
        chip; chips; puce; puces; gpu; gpus; accelerator*; accelerateur*; semiconductor*;
        processor*; processeur*; silicon; chipmaker*; chip maker*; semi; semis; semi conducteur*;
        semiconducteur*; npu; npus; soc; silicium; fondeur; microprocesseur*; sox; smh
    """,
    "ai": "ai; ia; artificial intelligence; intelligence artificielle; genai; gen ai; generative",
    "data_center": """
        data center*; data centre*; datacenter*; datacentre*; centre de donnees; centres de
        donnees; campus; supercomputer*; supercalculateur*; cluster; clusters; superclust*; ai
        factory; ai factories; compute; computing power; compute capacity; server; servers;
        serveur; serveurs; rack; racks; ai infrastructure; infrastructure; gigawatt*; gw; capacite
        de calcul; usine d ia; usines d ia; hyperscale; megawatt*; mw
    """,
    "model": """
        model; models; modele; modeles; llm; llms; reasoning; raisonnement; chatbot; agent;
        agentic; checkpoint*; parameter*; parametres; mixture of experts; moe; weights; context
        window; multimodal; frontier model; language model*; coding model; token window; reasoner;
        assistant; foundation model*; flagship
    """,
    "app_top": """
        app store; download*; tops app; top of app; chart; charts; most downloaded; no 1 app;
        telechargements
    """,
    "train": """
        train; trains; trained; training; entrainer; entraine; entraines; entrainent;
        entrainement; entraina; pre training; pretrain*; post training; training run; training
        runs; fine tun*; pre train*
    """,
    "inference": "inference; serving; serve; host; hosting; deploy inference",
    "cheap": """
        cheap*; low cost; lower cost; low priced; less compute; fraction; budget; bargain;
        undercut*; one fifth; one tenth; one third; one seventieth; half the cost; half the price;
        halves; halve; halving; frugal; efficien*; sparse; sparse attention; less power; cost
        effective; moins cher*; moindre cout; bas cout; a bas prix; divise par; moitie prix;
        moitie du prix; economique; sur un budget; lean; thrifty; cents; shoestring; single gpu;
        only 2 million; far less; 90 less; slashes cost*; cost to train; cost of training;
        training cost*; training bill; training budget; cout d entrainement; couts d entrainement;
        for under; pour moins de; million to train; fewer gpus; fewer chips; slash training;
        quarter of; tenth of; fifth of; half of openai; 10x cheaper; less memory; pennies; dirt
        cheap; bon marche; sobre; gpu hours; a laptop; fewer nvidia; without top chips; quarter
        the price; less hardware; weaker chips; older chips; limited hardware; kv cache
        compression; plus efficace; reduit le cout; reduire le cout; moins couteux; reduces cost*
    """,
    "parity": """
        rival; rivals; rivalling; rivaling; rivalise*; rivaliser; beats; outperform*; surpass*;
        tops; topping; topped; matches; match; matching; on par; par with; parity; near; catches
        up; catch up; catching up; closes gap; closing gap; narrowing gap; narrows gap; gap;
        challenge; challenges; challenging; challenger; best open; leaderboard; lmarena;
        benchmark*; state of the art; sota; frontier; overtakes; outscore*; edges out; outguns;
        outpace*; defie; bouscule; concurrence; egale; surpasse; devance; depasse; no 1; first
        place; au niveau de; a la hauteur; comparable; claims to top; tops rankings; gold medal;
        neck and neck; leads; exceeds; equals; level with; ahead of; class; as good as; bat; passe
        devant; talonne; ecrase; grade; dethrone*; shock*; effet; sputnik; rattle*; rattles; jolt*
    """,
    "open_source": """
        open source*; open sourced; opensource*; open weight*; opens; open model; open; mit
        licence; mit license; apache 2.0; apache licence; apache license; weights; hugging face;
        libre; acces libre; code ouvert; poids ouverts; en open source; source ouverte; free
        weights; publie les poids; open release; open checkpoint*
    """,
    "new_model": """
        new model; new models; next model; next generation model; flagship model; nouveau modele;
        nouveaux modeles; prochain modele; reasoning model; modele de raisonnement; upgraded
        model; model update; modele chinois; latest model; new ai model; model family; new
        reasoning model; new flagship; new open model; foundation model; chinese model*; chinese
        ai model*; chinese ai; ia chinoise; open model; sparse model; model release; upgrade;
        upgraded; agent model; coding model; coder model; hybrid model
    """,
    "export": """
        export; exports; exporting; exported; exporter; exportation; exportations; ship to china;
        sell to china; selling to china; sales to china; shipments to china; china sales; chinese
        sales; sell in china; sales in china; ventes a la chine; ventes en chine; vente a la
        chine; ventes chinoises; vendre a la chine; vendre en chine; selling in china; chip
        exports; overseas sale*; shipment*; shipping to china; livraisons en chine; livrer en
        chine; livraisons vers la chine; vers la chine; bound for china; a destination de la
        chine; destinees a la chine; to china; for china; into china; china access; acces a la
        chine; china market; marche chinois; h20 sales; h200 sales
    """,
    "licence": """
        licence; licences; license; licenses; licensing requirement; permit; permits; licence
        requirement*; license requirement*; export licence*; export license*; waiver; waivers;
        exemption; exemptions; validated end user; veu; autorisation; autorisations; permis;
        permission; go ahead; green light; feu vert; clearance; nod; case by case
    """,
    "sale": """
        sale; sales; sell; sells; selling; vente; ventes; vendre; vend; order; orders; purchase;
        purchases; commande; commandes; achat; achats; acheter; buy; buying; shipments;
        deliveries; livraisons; acquire; supply; supplies
    """,
    "rule": """
        rule; rules; regulation; regulations; regle; regles; control; controls; controle;
        controles; measure; measures; mesures; policy; policies; guidance; guidelines; order;
        threshold*; export control*; chip rule*; decree; cap; caps; quota; quotas; bill; act; law;
        legislation; loi; projet de loi; restrictions; curbs; gain ai act; chip security act;
        remote access security act; framework; tpp; country cap*; country tier*
    """,
    "entity_list": """
        entity list; blacklist*; trade blacklist; liste noire; entity listing; sanctions list;
        1260h; military list; unverified list; trade list; list of items
    """,
    "diffusion": "diffusion rule; ai diffusion; diffusion; diffusion framework; regle de diffusion",
    "capex": """
        capex; capital expenditure*; capital spending; capital outlay*; spending; outlay*; spend;
        spends; investment plan; depenses d investissement; depenses; investissement;
        investissements; ai budget; ai spending; infrastructure spending; ai investment*; build
        out; buildout; build outs; ai bill; expenditure*; spending plan*; investir; invest;
        invests; investing; investment; investit; pour over; pour into; plough*; plow*; pledge*;
        commits; commit; committed; consacrera; mobilise; mobiliser; mobilize; injecte; debt; bond
        sale; finance; financing; backlog; rpo; carnet de commandes; funding round; bonds; loan
    """,
    "deal": """
        deal; contract; pact; agreement; accord; contrat; signs; sign; signed; signe; strikes;
        lands; wins; orders; ordered; commande; partnership; partenariat; tie up; alliance;
        agrees; inks; secures; rent; rents; renting; leases; lease; leasing; rental; loue; bail;
        baux; tender; bid; procurement; stake; acquires; acquisition; buys; takes stake; commits
    """,
    "lease": "lease; leases; leasing; bail; baux; data centre lease*; data center lease*",
    "pricing": """
        price; prices; pricing; priced; tarif; tarifs; prix; api price*; api bill*; fee; fees;
        rebate*; discount; discounts; remise*; rabais; price war; price cut*; api cost*; token
        price*; per million tokens; off peak; tokens; billing; rates per token; grille tarifaire;
        api pricing; price list; cost per token; facture; subscription
    """,
    "price_war": """
        price war; guerre des prix; price wars; race to the bottom; price competition; round of
        cuts; price cutting
    """,
    "free": "free; gratuit*; free of charge; at no cost; zero cost; gratuitement",
    "earnings": """
        revenue; revenues; earnings; quarter; quarterly; results; profit; profits; guidance;
        guides; guide; forecast; forecasts; outlook; margin; margins; eps; estimates;
        expectations; consensus; fiscal; q1; q2; q3; q4; first quarter; second quarter; third
        quarter; fourth quarter; chiffre d affaires; resultats; benefice; benefices; trimestre;
        trimestriel*; previsions; attentes; marge; marges; sales; bottom line; top line; net
        income; ventes; gross margin; results day; write down; writedown; charge; inventory; rev;
        data center revenue; data centre revenue; data center sales; data centre sales; adj eps;
        buyback; dividend; stock split; share split; rachat d actions; dividende; 10 for 1; ten
        for one; sees q*; y y; yoy; year on year; perspectives; objectifs; semestre; exercice;
        provision; provisionne; beat
    """,
    "shareholder": """
        buyback; buybacks; share repurchase; repurchase*; dividend*; stock split; share split;
        split; rachat d actions; dividende; 10 for 1; ten for one; fractionnement
    """,
    "cap_level": """
        market value; market cap; market capitalization; market capitalisation; valuable; most
        valuable; valuation; capitalisation; capitalisation boursiere; trillion; tn; mds; worth;
        valeur boursiere; milliards en bourse; market worth; 4 000 milliards; 5 000 milliards;
        entreprise la plus chere; premiere capitalisation; record high; all time high; 3tn; 4tn;
        5tn; 3t; 4t; 5t; 6t; biggest company; largest company; richest company; club; plus chere
        du monde; 1tn; 2tn; 6tn; 4trn; 5trn; listed company; top spot; mkt cap; mcap
    """,
    "probe": """
        probe; probes; probed; probing; investigat*; inquiry; inquiries; antitrust; anti trust;
        antimonopoly; subpoena*; summon*; lawsuit; sue; sues; sued; charges; charged; fine; fines;
        fined; violat*; breach*; raid; raids; raided; enquete; enquetes; convoque; convoquee;
        convocation; assignation; poursuivre; poursuites; poursuit; amende; plainte; question;
        questions; questioned; scrutin*; back door*; backdoor*; kill switch*; security risk*;
        porte derobee; portes derobees; failles; vise par; soupcon*; examen; statement of
        objections; perquisition*; review; complaint; demands answers; grills; grilled; letter;
        probes into; tracking; location verification; violation; penalt*; settle; settles;
        hearing; sanction*; regulatory review; class action; dawn raid; abuse of dominance;
        competition case; vulnerab*; looks into; looking into; asks nvidia; formal notice;
        indict*; tied selling; bundling
    """,
    "smuggle": """
        smuggl*; contraband; contrebande; black market; marche noir; illicit*; divert*; diversion;
        illegal*; grey market; gray market; trafic; shell compan*; trackers; tracker
    """,
    "stock": """
        shares; share; stock; stocks; action; actions; bourse; investors; traders; nasdaq; wall
        street; s p 500; equities; market; markets; rally; selloff; sell off; rout; titre; titres;
        dow; index; futures; marche; marches; premarket; pre market; after hours; valeurs; short
        seller*; puts; put options; options; stake; holding; holdings; 13f; fund; hedge fund;
        philadelphia; etf; seance; cours; valeur; bubble; bulle; investisseurs; position
    """,
    "tariff": """
        tariff*; droits de douane; trade war; trade truce; truce; treve; guerre commerciale;
        section 232; section 301; liberation day; trade deal; duties; surtaxe*; levy; levies;
        reciprocal tariff*; trade talks; rare earth truce
    """,
    "rates_word": """
        rates; rate; interest rate*; rate cut*; rate hike*; rate path; basis point*; bps; bp;
        taux; taux directeur*; taux d interet; inflation; cpi; pce; ppi; core pce; core cpi;
        payroll*; nonfarm; non farm; nfp; jobs report; jobless; unemployment; chomage; yields;
        yield; treasury yield*; treasuries; treasury; 10 year; ten year; 2 year; two year; 30
        year; bond yield*; rendement*; points de base; quarter point; half point; quart de point;
        demi point; easing; tightening; hawkish; dovish; pause; pivot; monetary policy; politique
        monetaire; assouplissement; resserrement; quantitative; fed funds; terminal rate; neutral
        rate; soft landing; labour market; labor market; emploi; jobs; hiking; balance sheet; qt;
        core inflation; minutes; retail sales; ism; gdp; consumer prices; prix a la consommation;
        jumbo cut; borrowing costs; emplois; wages; salaires; recession; stagflation; fed cut;
        25bp; 50bp; 25bps; 50bps; 10y; 2y; 30y; ust; price pressures; fed funds futures; policy
        easing; rate outlook
    """,
    "macro": """
        inflation; cpi; pce; ppi; payroll*; nonfarm; nfp; jobs report; jobless; unemployment;
        treasury yield*; treasuries; bond yield*; basis point*; interest rate*; taux directeur*;
        taux d interet; rate cut*; rate hike*; rates; taux; points de base; yields; borrowing
        costs; monetary policy; politique monetaire; fed funds; year treasury; year yield;
        consumer prices; prix a la consommation; ism; gdp; retail sales; 10y; 2y; 30y; ust; dot
        plot; chomage; emploi americain; core inflation; jobs data; rendements; housing starts;
        wage growth
    """,
    "toll": """
        15 %; 25 %; 15 percent; 25 percent; 15 pct; 25 pct; revenue share; revenue sharing; share
        of revenue; 15 cut; 25 cut; hand over; hands over; reverser*; revenue cut; cut of sales;
        kickback; levy on; pay cut; cut of china; percent of china; percentage of
    """,
    "demand_strong": """
        demand; sold out; backlog; orders; order book; insane; insatiable; ramp; volume; full
        production; demande; commandes; carnet; shipping; ships; cadence; supply; sampling;
        allocation; visibility; production; bookings; deliveries
    """,
    "small_holder": """
        llc; llp; wealth management; asset management; advisors; advisers; capital management;
        investment management; wealth advisors; position in nvidia; shares of nvidia;
        stake in nvidia co; holdings boosted; stock position; new position; shares bought by;
        shares sold by; retirement system; pension fund holdings; financial services inc
    """,
    "despite": """
        amid; amidst; despite; malgre; in spite of; even as; even though; although; en depit; bien
        que
    """,
    "refuted": """
        false; untrue; unfounded; denied; dismissed; refuted; not true; dementi; rejected;
        dementie; shot down; ruled out; exclu; exclue; faux; fausse; baseless
    """,
    "idiom": """
        sans limite; reverses course; reverse course; reversing course; not only; no doubt; no
        wonder; no sign of slowing; not just; pas seulement; no joke; non nvidia; without nvidia;
        record low; no need for nvidia; pause refresh; in light of; drop in; backdrop; raindrop
    """,
    "compute_need": """
        out of gpus; out of chips; more capacity; capacity needed; strained gpus; strains gpus;
        melting gpus; melting our gpus; more compute; times more compute; heavier; more chips;
        more gpus; inference time; test time; a court de gpu; plus de calcul; compute crunch; gpu
        shortage; times the compute; tenfold more compute; needs more compute; short of compute;
        more computing; compute hungry; compute heavy; plus de puces; capacity short; gpu hungry;
        compute constrained
    """,
    "old_version": """
        v2; v2.5; coder; 67b; 67 billion; deepseek llm; k1.5; ernie 4.0; ernie 4.5; ernie 4;
        qwen2; qwen2.5; qwen 2; qwen1.5; glm 4; glm 3; hunyuan large; spark 4.0; baichuan 2; yi
        34b
    """,
    "cool": """
        cool reception; disappoint*; decoi*; decevant*; decu; underwhelm*; flop; flops; lukewarm;
        tepid; falls short; few takers; weak demand; hard sell; recalls; recall; less competitive;
        slump*; misses; miss; lacklustre; lackluster; fails to impress; shrug*; unimpressed; meh;
        fizzl*; lags; trailing; trails; tiede
    """,
    "scrap": """
        scrap; scraps; scrapped; cancel; cancels; cancelled; canceled; shelve*; abandon; abandons;
        abandoned; abandonne; disband*; axes; axed; kills; killed; ditch; ditches; ditched;
        renonce; annule; collapse*; pulls ipo; pull ipo; drops plan; drops plans; drop plan; calls
        off; called off; halts work; winds down; shuts down; discontinue*; arrete; enterre; stops
        work; mothball*; pulls plug
    """,
    "price_up": """
        raises price*; raise price*; lifts price*; raises api; raises coding; price increase*;
        price hike*; price rise*; prices climb; prices rise; prices up; hikes price*; hikes api;
        lifts fees; raises fees; lifts glm; prices jump; ends discount; ends night discount; ends
        price cut*; ending run; releve ses tarifs; releve ses prix; augmente ses tarifs; augmente
        ses prix; hausse des prix; hausse de prix; hausse tarif*; hausse des tarifs; lifts coding;
        fin de la guerre des prix; increases price*; rental prices climb; raises ai computing;
        scraps discount; raises token
    """,
    "decline_use": """
        avoid; avoids; avoiding; hard sell; rules out; rule out; ruled out; ruling out; ecarte;
        ecartent; say no; says no; no to; refuse; refuses; refused; balk*; baulk*; reluctan*;
        rechigne*; shun; shuns; spurn*; scales back; scale back; cut orders; cuts orders; cancels;
        cancel; drop; drops; dropped; complain*; cool on; reject; rejects; ditch; ditches; turn
        away; turns away; snub*; wary; eviter; evitent; boude*; bouder; resist; resists; abandon;
        abandons; quit; quits; hesitat*; lukewarm
    """,
    "favour": """
        prefer; prefers; preferred; preferring; preferent; prefere; prefers to; favour; favor;
        favours; favors; stick to; stick with; sticks with; sticks to; opts for; opt for; still
        want; still wants; stays with; returns to; back to; goes back to; reverts to; reverted to;
        leans on; choisit; opte pour; revient a
    """,
    "stalled": """
        still missing; slows approval; slow approval; not final; sits on; sitting on; stalled; in
        limbo; backlog; delays approval; may revoke; rethink; reconsider; toujours pas; yet to; no
        licence*; no license*; not issued; hold up; holds up; bogged down; bottleneck; revenir
        sur; freeze; frozen; undecided
    """,
    "keen": """
        keen; still want*; rush to order; rush to buy; rushing to buy; eager; snap up; snaps up;
        clamour; scramble to buy; still buying; flock to; hungry for; line up for; still buy;
        covet*; toujours demandeurs; race to buy; stock up on
    """,
    "denies": """
        deny; denies; denied; rejects; refutes; insists; dement; nie; nient; assure; cooperating;
        cooperate; comply; complies; complying; rebuts; disputes; no wrongdoing; no back door*; no
        backdoor*; no kill switch*; pas de porte; aucune porte; have not been; was not subpoenaed;
        not been subpoenaed; do not contain
    """,
    "soft_probe": """
        feedback; asks customers; asks customer; questionnaire; seeks views; market feedback;
        consult*; informal; preliminary questions; asks users; gathers views; sondage
    """,
    "closes_case": """
        suspends; suspend; closes; closed; close; drops; dropped; classe; ends; ended; clears;
        cleared; without charges; wrong to; autorise; approves; approved; approval; dismisses;
        dismissed; tosses; throws out; waves through; valide; feu vert; abandonne; exonerat*;
        green light; closes case
    """,
    "preview": """
        to report; to release; what to watch; awaits; await; awaiting; brace*; what to expect;
        date set; results date; publiera; ce qu attend; a publier; earnings date; set to report;
        tonight; on deck; looms; loom; report date; doit publier; what investors want; to unveil
        results; earnings preview; attend les resultats; attendus; in focus; eyes on; keenly
        awaited; expectations high; in line; as expected; match expectations; match forecasts;
        matches forecasts; conforme*; week ahead
    """,
    "no_plan": """
        no plan; no plans; won t make; will not make; says no; no more; not make; no follow up; no
        successor; no b20; pas de nouvelle; aucun projet; halts work; rules out new
    """,
    "hawk_strong": """
        fade; fades; fading; dim; dims; dimmed; dash; dashes; dashed; douche; cool hopes; cools
        hopes; fewer; just one; only one; one cut; dissents against; dissent against; uneasy;
        caution; cautious; hard to cut; foregone conclusion; far from certain; pas acquise;
        ecarte; no cut; no cuts; not cut; signals pause; easing bias; freine; slower pace; no
        rush; no hurry; pas pressee; pare; pares; trim bets; trims bets; inflation risk*; warns of
        pain; pain; higher for longer; too high; hot; hotter; sticky; patient; patience; in doubt;
        doubt; doubts; rules out; treasuries sell off; bond rout; sell off; plus fort que prevu;
        plus forte que prevu; stubborn; tenace; accelerat*; accelere; accelerent; smash; smashes;
        blowout; stronger; strong jobs; strong payrolls; picks up; persistent; persistante;
        hawkish; reignite*; rekindle*; remontent; remonte; prudence; prudent; prudente; skip;
        lifts yields; pushes yields; push yields; above estimate*; above forecast*; tops
        forecast*; hopes of cuts; loin d etre; not convinced; no urgency; two cuts; rate
        increases; bets on rate increases; unlikely to cut; not ready; fire; firing; reaccelerat*;
        jumps to; upside surprise; eloigne; moins de baisses; premature; not yet time; fights
        inflation
    """,
    "hike": """
        raises rates; raise rates; lifts rates; hikes; hike; hiked; rate hike*; hikes rates;
        releve ses taux; releve les taux; releve son taux; relever ses taux; relever les taux;
        hausse des taux; hausse de taux; rate increase; raises interest; tightens policy
    """,
    "dove_strong": """
        opens door; open door; opens the door; open the door; entrouvre; ouvre la voie; ouvre la
        porte; warrant adjusting; adjusting policy; boosting cut; boosts cut; cut hopes; cut bets
        jump; cut bets rise; rate cut bets; backs cut; backs july; backs september; backs
        december; backs a cut; supports cut; support for cut; time to cut; ready to cut; room to
        cut; room for lower; open to easing; open to cut; wants half; end balance sheet; end qt;
        ends qt; lifts bets; fuels rate cut; fuel rate cut; cuts rates; cut rates; cutting rates;
        lowers rates; lower rates; trims rates; trim rates; slashes rates; cuts interest; abaisse;
        baisse ses taux; baisser ses taux; baisse des taux; baisse de taux; reduit son taux;
        reduit ses taux; plaide pour une baisse; cools; cooler; cooling; soft inflation; softer;
        below est*; below forecast*; price 90; odds of; jumbo; cuts 50; cuts 25; cuts by; lowers;
        cuts for; first cut; half point; faster cuts; revised down; claims surge; claims jump;
        claims rise; claims climb; unemployment rises; unemployment jumps; unemployment climbs;
        unemployment up; rate rises to; weak jobs; weak payrolls; weak ism; weaker; only 22; jobs
        market cools; hiring slows; hiring stalls; ralentit; ralentissement; tame; benign; eases
        to; cools to; drops to; falls to; signals three; case for cut; favors cut; favours cut;
        disinflation; inflation slows; signal support; bets on fed easing; hints at more; demi
        point; quart de point; hints at cut; september cut; july cut
    """,
    "yields": "yield; yields; treasuries; rendement; rendements; taux longs; dix ans; obligataires",
    "truce": """
        truce; treve; trade deal; cut tariffs; cuts tariffs; tariffs cut; pauses tariffs; pause
        tariffs; tariff pause; pauses most; pauses reciprocal; suspend ses droits; exempt;
        exempts; exempted; exemption*; scraps chip tariff; scraps tariff*; delays chip tariff*;
        delays tariff*; tariff relief; renonce aux droits; prolongent la treve; accord commercial;
        drops tariff*; lifts tariff*; tariff rollback; tariffs lowered; pause droits
    """,
    "bank": """
        hsbc; morgan stanley; goldman; citi; citigroup; ubs; jefferies; bofa; bank of america;
        loop capital; loop; seaport; dz bank; deutsche bank; new street; bernstein; barclays;
        wedbush; keybanc; rosenblatt; mizuho; td cowen; evercore; cantor; piper sandler; wells
        fargo; jpmorgan; raymond james; oppenheimer; needham; stifel; baird; truist; melius;
        wolfe; redburn; daiwa; nomura; susquehanna; benchmark; william blair; phillip securities
    """,
    "downgrade": """
        downgrade*; cuts target; cut target; target cut; lowers target; to sell; rates sell;
        nvidia sell; to neutral; to hold; wary; cut to; underweight; sell rating; cuts nvidia;
        trims target; abaisse son objectif; degrade
    """,
    "upgrade": """
        upgrade; upgrades; upgraded; to buy; raises target; lifts target; hikes target; target
        raised; target to; top pick; pt raised; hikes pt; hikes nvidia; sees nvidia at;
        outperform; raises price target; lifts nvidia; releve son objectif; raises nvidia; price
        target raised; to overweight; street high
    """,
    "rebound": """
        rebound*; bounce*; recoup*; recover*; regain*; rebondi*; snaps losing; snap losing; claws
        back; claw back; recovers
    """,
    "dow_entry": """
        joins dow; join dow; in the dow; into dow; seat in the dow; du dow; au dow; replacing
        intel; remplace intel; intel s seat; replace intel; joins the dow
    """,
    "yield_chip": """
        chip yield*; yield rate; production yield*; ascend yield*; yields at; low yield*; yield
        problem*; rendement de production; poor yield*; yield issue*; yield troubles; advanced
        yields; hurt yields; lifts yield*; defect*
    """,
    "mass": """
        mass production; mass produc*; mass shipment*; mass shipping; volume production; volume
        shipments; volume output; production; output; produce; producing; capacity; ramp; ramps;
        ramping; ramp up; production line; fabs; fab; plants; triple*; tripler; double*; doubler;
        tape out; taped out; sample*; sampling; roadmap; feuille de route; road map; prototype;
        capacites de production; produire; fabrication; usine; usines; wafer; 5 nm; 5nm; 7 nm;
        7nm; 3nm; 5 nanometre; 5 nanometer; 7 nanometre; 6nm; n 2; n 3; lines; ipo; listing; list;
        lists; goes public; debut trading; introduction en bourse; funding; merger; merge; fusion;
        tests; testing; test; trial; trials; develop*; develops; developing; met au point;
        prepare*; prepares; plans; readies; nears; debuts; cluster; breakthrough; milestone; tapes
        out
    """,
    "nv_stockholder": """
        softbank; burry; michael burry; thiel; druckenmiller; ark; cathie wood; berkshire;
        bridgewater; hedge fund*; insider; preset plan; 10b5 1; pelosi; tiger global; coatue;
        scion; norges; temasek; tepper; appaloosa; short seller; chanos; calpers
    """,
    "analyst": """
        analyst; analysts; analyste; analystes; price target; target price; upgrade*; downgrade*;
        overweight; outperform rating; buy rating; initiates; objectif de cours; rating; raises
        target; cuts target; top pick; underweight; sell rating; hold rating; pt; reiterates;
        neutral; bullish; bearish; coverage
    """,
    "opinion": """
        why; should you; better buy; 3 reasons; reasons; prediction; stocks to buy; is it too
        late; could be; where will; how to; what to know; here s; here is; opinion; pourquoi; faut
        il; best stock*; here s why; history says; forget nvidia; millionaire; buy now; screaming
        buy; reddit; best ai stock; prediction:; time to buy; buy the dip
    """,
    "hack": """
        outage; panne; hack*; data leak; privacy; database; leaked; exposed; fuite de donnees;
        donnees personnelles; vie privee; cyberattack; cyberattaque; censorship; jailbreak*; app
        ban; government devices; government phones; gdpr; data protection; copyright; lawsuit
        over; authors; teen; under 18; deepfake*; protection des donnees; cnil; plagiarism; bug
        bounty
    """,
}

_VERBS: Mapping[str, str] = {
    "restrict": """
        ban; bans; banned; banning; block; blocks; blocked; blocking; restrict*; curb; curbs;
        curbing; curbed; bar; bars; barred; barring; halt; halts; halted; halting; prohibit*;
        tighten*; toughen*; clamp*; clamps down; crack down; cracks down; crackdown; limit;
        limits; limiting; limited; cap; caps; capping; capped; forbid*; outlaw*; embargo; requires
        licen*; require licen*; needs licen*; need licen*; licence requirement; license
        requirement; licence needed; license needed; stop selling; stop shipping; stop sales;
        stops sales; suspend; suspends; suspended; suspending; suspension; interdit; interdire;
        interdiction; interdictions; interdite; interdites; bloque; bloquer; bloquent; restreint;
        restreindre; restriction; durcit; durcissent; durcir; durcissement; limite; limiter;
        verrouille; sanction*; expand curbs; widen; widens; widening; extends; extend curbs;
        extended; extension; etend; elargit; elargir; revoke; revokes; revoked; choke*; cut off;
        cuts off; shut out; keep from; withhold; withholds; off limits; reserve; reserves;
        reserved; not for other; plafonner; plafonne; moratorium; freeze exports; closes loophole;
        close loophole; loophole; crimp*; stop exports; hinder*; hobble; deny licence*; denies
        licence*; deny license*; reserver; prive; priver; privee; empeche; empecher; toughest;
        harshest; stricter; stiffer; tougher; sweeping; clampdown; blacklists; blacklisted;
        blacklist; chip ban; export ban; subject to licen*; not be allowed; will not get; won t
        get; snag*; squeeze*; bans export; new controls; new curbs; not ready to sell; keeps
        blackwell; keeps top; cracking down; harder to; crackdowns; under licence; under license;
        denies export
    """,
    "relax": """
        allow; allows; allowed; allowing; permit; permits; permitted; permitting; approve;
        approves; approved; approving; approval; approvals; clear; clears; cleared; clearing;
        grant; grants; granted; granting; authori*; resume*; resuming; resumption; reprend;
        reprendre; reprise; reprennent; ease; eases; eased; easing curbs; loosen*; relax*; green
        light*; greenlight*; wave through; waves through; waved through; let; lets; letting;
        exempt*; waive; waives; waiver; go ahead; nod; ok; oks; okays; okay; autorise; autoriser;
        autorisee; autorisees; autorisent; delivre; delivrent; accorde; accorder; feu vert;
        permet; permettre; assouplit; assouplir; assouplissement des; allege; alleger; reopen*;
        reopens; rouvre; rouvrir; unblock*; issue licen*; issues licen*; issuing licen*; open to;
        restart*; assurance*; sign off; signs off; signed off; thaw; reprieve; relief; case by
        case; softens; soften; softening; gets licen*; wins licen*; receives licen*; licences
        granted; licenses granted; ouvre la voie; ouvert a; laisse; laisser; bless*; carve out;
        free to; give green light; gives green light; validates; valide; debloque; debloquer;
        unfreez*; backs sale; frees; clears way; paves way; legal again; gets nod; wins nod; gets
        ok; gets go ahead; wins approval; will get licen*; get licen*; receive licen*; first
        licences; first licenses; revive*; back on sale; restores; restore
    """,
    "remove": """
        lift; lifts; lifted; lifting; scrap; scraps; scrapped; scrapping; rescind*; repeal*;
        reverse; reverses; reversed; reversing; withdraw; withdraws; withdrew; withdrawn; drop;
        drops plan; dropped; drops; dropping; shelve; shelves; shelved; abandon; abandons;
        abandoned; cancel; cancels; cancelled; canceled; undo; undoes; roll back; rolls back;
        rolled back; rollback; overturn*; annul*; strike down; strikes down; end; ends; ended;
        ending; leve; levee; lever; levent; levees; supprime; supprimer; abroge; abroger; enterre;
        abandonne; renonce a; renonce; retire; pauses; pause; paused; walks back; walk back; backs
        off; back off; backs away; backtrack*; u turn; stand down; stands down; ditch; ditches;
        ditched; nix; nixes; kill; kills; killed; axes; axed; spares; spare; backs down; back
        down; defer; defers; deferred; postpones curbs; waters down; removes; remove; removed;
        removing; ease; eases; easing; eased; relaxes; relax; loosens; loosen; softens; assouplit;
        assouplir; allege; alleger; suspends; suspend; does away; tears up; tear up; kills off;
        revocation; marche arriere; met fin; mettre fin; fait machine arriere; revient sur;
        ecarte; defeated; unwind*; voted down; vote down; strips; stripped; suspends plan;
        suspends rule; halts plan
    """,
    "negate": """
        not; no; never; without; cannot; can t; won t; doesn t; don t; didn t; isn t; wasn t; aren
        t; hasn t; haven t; wouldn t; no longer; neither; nor; deny; denies; denied; denying;
        denial; refute*; rejects; reject; rejected; rejecting; rebut*; dispute; disputes;
        disputed; dismiss; dismisses; dismissed; rules out; ruled out; rule out; ruling out; yet
        to; fails to; failed to; fail to; failing to; unable to; refuse*; declin*; unlikely; stops
        short; stop short; far from; no plan; no plans; no intention; has no; not yet; little
        chance; falls short; insists no; dement; dementi; dementent; refuse de; exclut; n a pas;
        ne pas; pas de; n est pas; ne sera pas; n ont pas; aucun; aucune; sans; ne veut pas; n
        aura pas; ne prevoit pas; nie; nient; pas encore; toujours pas; n entend pas; n envisage
        pas; quash*; shoots down; shot down; knocks down; debunk*; false; untrue; unfounded;
        clarif*; downplay*; plays down; played down; brush* off; resist; resists; resisted;
        spurn*; balks at; baulks at; contests; hors de question; pas l intention; nothing to; non;
        pas; cools talk; off the table; not on table; pushes back against; pushes back on; never
        mind; ecarte l idee; contredit; contradicts; won t be; no evidence; hardly; barely; short
        of; impossible; skeptical; doubtful; rebuff*; has yet; have yet
    """,
    "demand_undo": """
        demand*; urge*; urges; calls on; call on; press; presses; pressed; pushes; push; seek to;
        seeks to; want; wants; bid to; exhorte*; appelle*; reclame*; warns against; exigent
    """,
    "launch": """
        launch*; release; releases; released; releasing; unveil*; debut; debuts; debuted;
        introduc*; rolls out; roll out; rolled out; rollout; ships; shipped; opens; opened;
        publish*; posts; posted; uploads; uploaded; drops; dropped; unleash*; reveal*; announc*;
        present; presents; presented; presentation; show; shows; showed; showcase*; previews;
        preview; previewed; offers; offer; unwraps; updates; updated; upgrade*; upgraded; put out;
        puts out; arrives; arrive; arrived; debute; brings; starts; goes live; live; makes
        available; available; out now; unveiling; kicks off; lance; lancent; lancement; lancer;
        devoile; devoiler; devoilent; presente; presenter; publie; publier; publient; sort;
        sortie; ouvre; ouvrir; annonce; annoncent; met en ligne; met a jour; propose; diffuse;
        livre; debarque; inaugure; reveals; joins; open sources; open sourced; open source;
        readies; claims; says; launching; lines up; teases; teased; demos; demo; flaunts; expands;
        ajoute; rend; mise sur; touts; details; lays out; sets out; names; enters; joint; pulls
        curtain; takes wraps; hot chips; gtc; computex; ces; keynote
    """,
    "delay": """
        delay; delays; delayed; delaying; postpone*; push back; pushes back; pushed back; slip;
        slips; slipped; slipping; slippage; held up; holds up; hold up; stall; stalls; stalled;
        stalling; setback*; behind schedule; late; later than; hold off; holds off; put off; puts
        off; retard*; repousse*; reporte; reportee; report du; differe; differee; decale; patine;
        tarde; ajourne; retardee; on hold; misses window; misses its; missed window; overheating;
        overheat*; surchauffe; design flaw; flaw; flaws; glitch*; defaut de conception; hiccup*;
        bottleneck*; stuck; behind; no show; snag; snags; rework; drag; drags; deferred; takes
        longer; longer than; wait; waits; not before; until 2026; until 2027; pushed to; pushed
        into; in limbo; no sign of; attendra; still waiting; encore attendre; hold back; holds
        back; held back; weeks late; months late; mid 2026 at earliest; hit by delay*; missing
        deadline; deadline; se fait attendre; prend du retard; misses third; second quarter at
        earliest; shipping delay
    """,
    "fail": """
        fail; fails; failed; failing; failure*; unsuccessful; flop*; flounder*; falter*; abort*;
        aborted; crash*; collapse; collapsed; abandon; abandons; abandoned; ditch*; gives up; gave
        up; give up; botch*; thwart*; derail*; backfire*; echoue*; echec; echecs; tourne court; n
        a pas pu; could not; unstable; instab*; instable; unable; falls short; fall short; fell
        short; cannot train; returns to nvidia; return to nvidia; back to nvidia; went back to
        nvidia; goes back to nvidia; revient a nvidia; retourne a nvidia; reverts; reverted;
        switches back; switch back; switched back; turned back to; turns back; turn back to;
        retour a nvidia; revenir a nvidia; revient vers nvidia; returned to nvidia; hit by
        failures; snags; bugs; errors; crashes; not converge; diverg*; does not converge;
        inaboutie; abandonne; renonce; smaller gains; underwhelm*; trips up; stumble*; scraps
        training; scuppered; scuttle*; comes unstuck; restarts on nvidia; unreliable; founders;
        never completed; not completed; could not complete; fizzle*; disappointing; jettison*;
        shelve*; retreat*; aborts; breaks down; broke down; set back; sets back; technical issues;
        no successful; did not work; woes; collapses; cannot complete; cannot finish; unable to
        complete; restarted on; opts for nvidia; diverges; stick to nvidia; renoncer; plante;
        plantent; plagued; troubled; doomed; fiasco; sticks with nvidia
    """,
    "struggle": """
        struggle*; trouble*; problem*; woes; lag; lags; lagging; behind; shortage*; penurie;
        bottleneck*; lack; lacks; hurt; hurts; constrain*; cap; caps; limit; limits; can make no
        more; no more than; at most; cannot make; generation behind; years behind; retard;
        difficult*; hampered; hamper*; weak; weaker; poor; low; third of; fraction of; slower;
        inferior; falls short; bugs; overheating; reluctan*; balk*; baulk*; wary; hesitat*; cool
        on; lukewarm; skeptic*; sceptic*; stick to nvidia; stick with nvidia; sticks with nvidia;
        prefer nvidia; prefers nvidia; still prefer; still want; still favour; still favor; stays
        with nvidia; no need to switch; not ready; immature; flaws; defect*; admet; admits;
        concede*; peine; peinent; peiner; reticent*; rechigne*; bride; freine; freinent;
        complain*; gripes; unusable; bug; bloated; halt; halts; halted; loss; losses; widens loss;
        warns; warn; warned; cut off; short of; starved; dwindl*; run out; runs out; delay*;
        delayed; dent; dents; overheat*; disappoint*; slump*; preferent nvidia; prefere nvidia;
        slips; scale back; scales back; lower than; miss; misses; missed; unlikely; doubt*; denies
        new
    """,
    "raise": """
        raise; raises; raised; raising; boost; boosts; boosted; boosting; lift; lifts; lifted;
        increase; increases; increased; hike; hikes; hiked; up; ups; upped; double; doubles;
        doubled; doubling; triple; triples; tripled; grow; grows; grew; surge; surges; surging;
        soar; soars; soared; expand; expands; accelerate*; step up; steps up; ramp up; ramps up;
        record; top; tops; topping; swell*; explodes; climbs; climb; jump; jumps; jumped; releve;
        relever; augmente; augmenter; augmentation; accroit; accelere; hausse; gonfle; explose;
        bondit; bondissent; grimpe; multiplie; multiplier; plans; plan; to build; build; builds;
        building; construire; batir; construit; pour; pours; unveils; plows; as much as; up to;
        jusqu a; more than; plus de; biggest; huge; giant; massive; bigger; higher; nearly
        doubles; leap; leaps; leapt; strong; robust; booming; insatiable; insane; sold out;
        outstrips; outstrip; exceeds supply; breaks ground; bets; pledges; commits
    """,
    "cut": """
        cut; cuts; cutting; slash; slashes; slashed; slashing; lower; lowers; lowered; lowering;
        reduce*; reducing; reduction; trim; trims; trimmed; trimming; pare; pares; scale back;
        scales back; scaled back; scaling back; pull back; pulls back; pulled back; pulling back;
        pullback; cutback*; walk away; walks away; walked away; walking away; slow; slows; slowed;
        slowing; slowdown; pause; pauses; paused; halt; halts; halted; freeze; freezes; freezing;
        cancel; cancels; cancelled; canceled; cancelling; canceling; shelve*; drop; drops;
        dropped; axe; axes; curtail*; rein; reins; ratchet down; exit; exits; exited; back out;
        backs out; backed out; baisse; baisser; baissent; reduit; reduire; diminue; diminuer;
        abaisse; abaisser; divise; casse; cassent; revoit; revoir; a la baisse; ralentit;
        ralentir; gele; geler; annule; annuler; renonce; suspend; rogne; coupe; coupes; recule;
        halve; halves; halved; halving; tightens belt; shrink*; scraps; scrapped; delay; delays;
        delayed; postpone*; rethink*; reconsider*; mothball*; dial back; dials back; dialed back;
        fall; decline; less; lease exit; underbid*; knocks off; undercut*; frein; freine; bubble;
        overbuild*; glut; doubts; doubt; bulle; plunge; discount*; price drop; reductions; walk
        back; bulldoz*; moins; discounts; thin; struggles; struggle
    """,
    "hold": """
        hold; holds; held; holding; steady; unchanged; stand pat; stands pat; keep; keeps; leaves;
        leave; left; maintain*; maintient; maintenir; inchange*; statu quo; on hold; as expected;
        pause; pauses; stays; stay; reaffirm*; reiterat*; reitere; confirme; laisse; laissent; on
        track; on schedule; intact; sticks to; stick to; dans les temps; comme prevu; as planned
    """,
    "steady_plan": """
        on track; on schedule; unchanged; intact; as planned; dans les temps; comme prevu; remains
        on; sticks to plan*; stick to plan*; no change; reaffirm*; reiterat*; not slowing; full
        steam; standing by; stands by; defend; defends; defending; keeps capex; keep capex;
        maintient; on time; sticking with; inchange*; maintains plan; maintains spending; keeps
        plan; keeps spending; resumes; resume; undeterred; continue*; rumour*; rumor*
    """,
    "beat": """
        beat; beats; beating; top; tops; topped; topping; exceed*; crush*; smash*; blowout; blow
        out; above; ahead of; surpass*; record; strong; stronger; tripl*; doubl*; soar*; surge*;
        jump; jumps; jumped; raise; raises; better than; pulverise; depasse; superieur*; au
        dessus; bat; bats; battent; explose; bondit; triple; double; relev*; trounce*; sails past;
        easily; stellar; blockbuster; up; higher; growth; approves; authorises; authorizes; hikes
        dividend; skyrocket*; nearly doubles; rosy; upbeat; bullish; accelerat*; beats and raises;
        despite; porte; portee; forte; robust*; eye popping; billion quarter; rebounds; multiplie;
        booms; meilleur*; solide; impress*; leap*; swell*; lifts; bumper
    """,
    "miss": """
        miss; misses; missed; missing; below; disappoint*; weak; weaker; soft; softer; short of;
        falls short; fall short; fell short; fails to; lower than; warns; warn; warned; warning;
        warnings; slump*; slow; slows; slowing; slowdown; deceleration; decelerat*; cautious;
        slip; slips; slipped; shrink*; light; lowers; cuts forecast; cuts guidance; cuts outlook;
        cuts; underwhelm*; decoi*; deceiv*; decevant*; decu; inferieur*; en dessous; sous les
        attentes; deception; manque; avertit; recul; recule; tepid; narrow; narrows; narrower;
        write down; writedown; charge; hit; fall; falls; falling; fell; drop; drops; decline;
        declines; dims; dent*; trail*; shy of; worries; worry; concern*; lacklustre; lackluster;
        underwhelms; not enough; margin pressure; squeezed; alerte; baisse; chute; plonge;
        whisper; margins slip; below expectations; fading; insignificant; never materialised;
        lose; loses; abaisse; rate; not big enough; slowest; lowest; dip; dips; leave traders;
        unimpress*
    """,
    "exclude": """
        excludes; exclude; excluding; assumes no; assumes none; without china; hors chine; no
        china; assume no; exclut; sans la chine; date; to report; set to report; reports on; will
        report; previews; what to expect; ahead of; a publier; publiera; attendus; eyes on;
        preview; in focus; doit publier
    """,
    "adopt": """
        adopt*; use; uses; using; used; run on; runs on; running on; switch; switches; switched;
        switching; turn to; turns to; turning to; shift; shifts; shifting; move to; moves to;
        moving to; deploy*; order; orders; ordered; ordering; buy; buys; bought; buying;
        purchase*; install; installs; pick; picks; picked; choose*; chooses; opts; select*;
        migrat*; support; supports; supported; day 0; day zero; same day support; compatib*;
        adapt*; optimis*; optimiz*; tailored; tuned; designed for; suits; suit; trained on; trains
        on; train on; rely; relies; rent; rents; lean on; embrace*; rush*; demand; revenue; sales;
        profit; sold; wins; win; won; award*; tender; supply; order book; shipment*; ship; ships;
        shipping; deliver*; mass shipment*; mass shipping; adopte; adoptent; adopter; utilise*;
        utiliser; achete; achetent; acheter; bascule*; basculer; migre; commande; commandent;
        tourne sur; tournent sur; prend en charge; optimise; entraine; entrainent; livrer; livre;
        livraison*; calibre; s equipe; equipe; mise sur; misent sur; recourt; embrasse; replace;
        replaces; replacing; replaced; remplace; remplacer; remplacent; swap; swaps; displace;
        substitut*; favour; favor; favours; favors; early access; bulk order*; first profit; full
        year profit; swings to profit; soars; revenue soars; fully on; entirely on; hosting;
        hosts; pre order; snaps up; snap up; stock up; stocks up; gobble*; trained wholly; ported;
        porting; wean*; ditch nvidia; ditches nvidia; drop nvidia; drops nvidia; sevrer
    """,
    "shun": """
        shun; shuns; avoid; avoids; avoiding; stop buying; stop using; stop ordering; stop
        purchasing; stop purchases; stop orders; halt orders; halt purchases; halts orders; halt
        h20; stop h20; halt work; suspend work; stop work; stop production; halt production; halts
        production; suspends production; pause production; pauses production; suspend production;
        suspend orders; cancel orders; cancels orders; discourag*; steer away; steer clear;
        steers; steer; nudge; nudges; nudged; urge*; urges; tell; tells; told; asks; asked; ask;
        instruct*; direct; directs; order; orders; ordered; warn; warns; warned; guidance;
        guidelines; boycott*; dissuad*; decourag*; deconseill*; ecarte; ecarter; ecartent; eviter;
        renoncer; renoncent; cesser; cessent; cesse; ordonne; ordonner; demande; demandent;
        exhorte; incite; pousse; snub*; phase out; rip out; rip; remove foreign; foreign ai chip*;
        foreign chip*; puces etrangeres; not necessary; only when necessary; justify; justifier;
        explain; explain purchases; purchase ban; buying ban; crackdown; seize*; saisie*; saisit;
        saisissent; inspect*; checks; renforce*; turn away; turned away; reject; rejects; refuse*;
        refuses; not permitted; not welcome; to zero; tightens; lost china; share to zero; shut
        out; stockpile warning; wean; restrain; hold off; think twice; curtail; forbid*; bar;
        bars; barred; ban; bans; banned; block; blocks; blocked; restrict; restricts; limit
        access; limits access; halt; halts; suspend; suspends; stop; stops; stopped; pull; yank;
        summon*; convoque; interdit; interdire; bloque; freine; scrap orders; pause; pauses; pause
        orders; detain*; hunt; squads
    """,
    "consider": """
        weigh; weighs; weighing; mull; mulls; mulling; consider*; considering; eye; eyes; eyeing;
        plan; plans; planning; planned; explore; explores; discuss*; talks; in talks; may; might;
        could; expected; set to; said to; reportedly; reported; report; reports; sources; source;
        rumour*; rumor*; sources say; people familiar; likely; near; nears; close to; possible;
        potential; proposes; proposal; draft; drafts; drafting; studies; looks at; looking at;
        envisage*; etudie; reflechit; serait; pourrait; pourraient; aurait; auraient; selon; d
        apres; s apprete; prevoit; prevoient; negocie; discute; bloomberg; reuters; ft; wsj; the
        information; digitimes; semianalysis; dj; cnbc; nikkei; insiders; leak; leaks; leaked;
        hints; hint; speculation; unconfirmed; bruits; evoque; signals; seen; aims; seeks; hopes;
        open to; urges; pushes; push; backs bill; bill; calls; urge; demands
    """,
    "effective": """
        effective; takes effect; take effect; took effect; in force; comes into force; now;
        begins; began; starts; started; start; immediately; issued; issues; finalises; finalizes;
        final; entre en vigueur; entrent en vigueur; des maintenant; aussitot; signed; completed;
        completes; implement*; enacted; shipped; goes live; begin; begun; granted; delivered;
        officially; formally; publishes; published; en vigueur; resumes; resumed; with immediate
        effect; cleared; stops; halts; stopped; halted; kicks in
    """,
    "warn_risk": """
        warn; warns; warned; warning; caution*; threat*; menace*; fear*; worry; worries; doubt*;
        doubts; concern*; bubble; overexcited; overheated; bulle; craint; craignent; doutent;
        risk; risks; sceptic*; skeptic*; bets against; short; shorts; puts; bearish; question;
        questions; overvalu*; thin margins; payoff; rentabilite; peak ai; circular; frothy; excès;
        exuberan*; skepticism; warning signs
    """,
    "down": """
        plunge*; plunging; sink; sinks; sank; sinking; fall; falls; fell; falling; drop; drops;
        dropped; slide; slides; slid; sliding; slump*; tumble*; tumbling; crash*; slip; slips;
        lose; loses; lost; rout; routed; routs; selloff; sell off; sells off; sheds; shed; wipe*;
        wiped; hammered; slammed; dive; dives; sag; sags; skid*; retreat*; decline*; weigh on;
        weighs on; drag*; sours; knocked; battered; bleed*; red; plonge; plongent; chute; chutent;
        recule; reculent; perd; perdent; baisse; baissent; s effondre; devisse; degringole;
        trebuche; cede; cedent; vend; sells; sold; exits; exit; dumps; dumped; offload*; unload*;
        batter*; rattle*; hits; hit by; devissent; solde sa position; halves; stretched; cuts;
        trims; trim; liquidates; selling; worst; down; lower; weaker; under pressure; bear market;
        correction; bets against
    """,
    "up_move": """
        rally; rallies; rallied; rebound*; recover*; soar*; surge*; surging; jump*; climb*; gain;
        gains; gained; rise; rises; rose; rising; spike*; leap*; pop; pops; up; higher; bounce*;
        roar*; advance*; bondit; bondissent; rebondit; rebondissent; grimpe; grimpent; s envole; s
        envolent; progresse; monte; hausse; record high; all time high; best day; buys; adds;
        takes stake; lifts stake; boosts stake; joins dow; green; replaces intel; replace intel;
        seat in dow; bull; regains; reclaims; gagne; gagnent; snaps; best week; plus haut; pile
        into; piles into; recoup*; extends gains; flambe; s adjuge
    """,
    "dovish": """
        rate cut*; cuts rates; cut rates; cuts interest; lower rates; lowers rates; lowering
        rates; cut in; september cut; december cut; easing; ease; eases; dovish; cooler; cooling;
        cools; cool; soft; softer; below; slow*; lower than; weak jobs; weak payrolls; weaker;
        open door; opens door; opens the door; room to cut; cuts; cut; lowers; lower; lowered;
        slashes; drop; drops; falls; fall; fell; slide; slides; retreat*; decline*; tame; benign;
        disinflation; jobless rise; unemployment rises; hiring stalls; abaisse; abaisser; baisse;
        baisser; baisses; reduit; assouplit; assouplissement; entrouvre; detente; detend;
        ralentit; ralentissement; recul; recule; recede; recedes; subside*; bigger cut; jumbo cut;
        end qt; ends qt; stop qt; pivot; patience on hikes; lifts bets; boosts bets; bets on cut;
        miss; misses; relief; refroidit; reflue; supports cut; backs cut; favors cut
    """,
    "hawkish": """
        rate hike*; raises rates; raise rates; hikes rates; hike; hikes; hiking; higher for
        longer; hawkish; hot; hotter; sticky; stubborn; above; surge; surges; jump; jumps; climb;
        climbs; rise; rises; rising; rose; spike; spikes; accelerat*; strong jobs; strong
        payrolls; stronger; blowout jobs; fewer cuts; no rush; no hurry; dims; dim; dash; dashes;
        fade; fades; dents; dent; cool hopes; slower pace; slower; caution*; inflation risk;
        upside risk; patient; not far; far from certain; not a foregone; foregone; tighten*;
        tightening; douche; refroidit les; releve les taux; relever; hausse; grimpe; remonte;
        bondit; tenace; persistante; resserrement; durcit; upside surprise; premature; pushes
        back; push back; pare; pares bets; trim bets; trims bets; unwinds; soars; heats up; high;
        too high; dissent against; rules out cut; beats; tops; strong; robust; resilient; climbs
        above; hits 5; moins de baisses; eloigne; rekindle*; reignite*; stoke*; worr*; higher;
        less easing; dampen*; prudence; prudente; prudent; skip
    """,
    "noise_verb": """
        recall*; rappel*; wildfire*; strike; greve; olymp*; football; soccer; nba; nfl; tennis;
        golf; formula one; f1; grand prix; rugby; marathon; movie; film; album; concert; tour;
        festival; museum; restaurant; pizza; beer; wine; vin; fashion; hotel; airline*; flight*;
        vol; avion; airport; train service; sncf; railway; rail; hospital; vaccine; drug; pill;
        obesity; cancer; fda; smartphone*; iphone*; ipad; foldable; trifold; tablet; watch;
        earbuds; phone; robotaxi*; electric car*; ev; evs; suv; truck; car; cars; voiture*;
        automak*; oil; petrole; gold; opec; wheat; rice; coffee; bitcoin; crypto*; ether;
        stablecoin; seafood; poultry; rare earth*; terres rares; coach; quarterback; podium;
        weather; storm; hurricane; earthquake; seisme; election; vote; court; judge rules;
        divorce; murder; police; robbery; nobel; pope; pape; space; nasa; rocket; moon; lune;
        mars; tiktok; instagram; whatsapp; threads; youtube; netflix; disney; xbox; playstation;
        nintendo; switch 2; prime video; prime day; chrome; siri; search engine; browser;
        delivery; livraison de repas; food; supermarket; supermarche; retailer; fast fashion;
        shein; temu; beef; soy*; school*; ecole; teacher*; universit*; student*; dating; wedding;
        season; team; match day; league; ligue; championship; championnat; cup; coupe; goalkeeper;
        antibod*; submersible; observatory; telescope; fossil*; dinosaur; zoo; pet; dog; cat;
        chef; recipe; recette; bakery; smart glasses; headset*; printer; lunar; battery;
        batteries; solar; nuclear fusion; wind farm; chatbot app ban; streaming; box office;
        hiring spree; names ceo; chief executive; cfo; headcount; layoffs; layoff; jobs cut; staff
    """,
    "noise": """
        blue chip*; potato chip*; chip shop*; poker chip*; casino chip*; mint chip; chocolate
        chip*; chip ganassi; microchip rule; pet microchip*; fish and chips; chip in; chips in;
        chip card*; tortilla chip*; chips au vinaigre; paquet de chips; vera c rubin; rubin
        observatory; rubin museum; rubin telescope; robert rubin; rick rubin; marco rubin;
        blackwell capital; blackwell s; elizabeth blackwell; blackwell city; blackwell street;
        grace hopper celebration; hopper painting; edward hopper; dennis hopper; grasshopper;
        space hopper; ascend learning; ascend airways; ascend elements; ascend performance;
        ascends; kimi antonelli; kimi raikkonen; antonelli; raikkonen; kimi werner; gemini crypto;
        gemini exchange; gemini spacecraft; gemini horoscope; winklevoss; gemini space; gemini
        station; llama antibod*; llama farm; llamas; alpaca; mistral wind; mistral attise; le
        mistral souffle; vent du mistral; mistral wind fans; oracle park; oracle of omaha; oracle
        red bull; delphi oracle; titan submersible; saturn moon; claude monet; jean claude; claude
        juncker; claude lelouch; opus dei; magnum opus; haiku contest; sonnet contest; orion
        spacecraft; orion nebula; constellation orion; grok the; training camp; training app;
        training ground; training session; strength training; potty training; teacher training;
        police training; training hours; job training; vocational training; training injury; in
        training; pilot training; military training; training module; training plan for runners;
        spring training; formation professionnelle; training centre for athletes; deep sea; deep
        seeks; seed round; seed funding; seed bank; seed money; soybean seed*; seed corn; federal
        express; fedex; federer; fed up; fed ex; fed cattle; grain fed; grass fed; fed cup; well
        fed; federal judge; federal court; hedge fund manager jailed; delta air; hygiene; cook
        book; apple pie; amazon rainforest; amazon river; amazon forest; foret amazonienne;
        amazonie; meta analysis; meta analyses; alphabet soup; marvel; marvel studios; arm
        wrestling; intel report; military intel; intel on; counter intel; inspur of; atlas
        mountains; charles atlas; atlas lions; atlas rocket; nova scotia; bossa nova; google maps;
        google pixel; pixel 10; google photos; google doodle; google chrome; google play;
        microsoft teams; microsoft office; windows 11; windows update; surface laptop; amazon
        prime; amazon go; prime sign ups; alexa; kindle; whole foods; ring doorbell; ray ban*;
        quest 3; oculus; meta glasses; facebook marketplace; instagram teen; whatsapp ads; apple
        watch; airpods; vision pro; macbook*; samsung galaxy; galaxy s25; galaxy fold; tri fold
        phone; triple fold; huawei watch; huawei phone; huawei smartphone; smartphone market; mate
        x*; harmonyos next; aito; apollo go; baidu map*; ele me; cainiao; freshippo; lazada;
        taobao; tmall; singles day; food delivery; honor of kings; wechat pay; tencent music;
        tencent games; pubg; league of legends; tiktok shop; capcut; lark app; alipay; sora; study
        mode; gpt store; voice mode; nvidia shield; nvidia scholarship; nvidia internship; nvidia
        canvas; nvidia freestyle; jensen s leather jacket; leather jacket; fsd; cybertruck;
        starlink; starship; neuralink; intel core; core ultra; ryzen*; radeon*; snapdragon*;
        threadripper; arc gpu; arc battlemage; panther lake; lunar lake; epyc*; xeon*; steam deck;
        rog ally
    """,
}

_IMPLIES: Mapping[str, tuple[str, ...]] = {
    "nv_china_chip": ("nv_chip",),
    "deepseek": ("cn_lab",),
    "congress": ("us_gov",),
    "price_war": ("pricing",),
    "diffusion": ("rule",),
}


def concepts() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every concept with its entries, in a fixed order."""
    for table in (_ENTITIES, _TOPICS, _VERBS):
        for code, text in table.items():
            yield code, tuple(" ".join(entry.split()) for entry in text.split(";") if entry.strip())


CODES: tuple[str, ...] = tuple(code for code, _ in concepts())
"""Names of the concepts; a concept's place in this tuple is its column in the evidence matrix."""

ENTITY_CODES = frozenset(_ENTITIES)
VERB_CODES = frozenset(_VERBS) - {"noise", "noise_verb"}
IMPLIES: Mapping[str, tuple[str, ...]] = MappingProxyType(dict(_IMPLIES))

ACTORS: Mapping[str, str] = MappingProxyType(
    {
        "nvidia": "Nvidia",
        "nvda": "Nvidia",
        "huang": "Nvidia",
        "jensen": "Nvidia",
        "deepseek": "DeepSeek",
        "liang wenfeng": "DeepSeek",
        "moonshot": "Moonshot",
        "kimi": "Moonshot",
        "zhipu": "Zhipu",
        "z ai": "Zhipu",
        "glm": "Zhipu",
        "minimax": "MiniMax",
        "stepfun": "StepFun",
        "01 ai": "01.AI",
        "iflytek": "iFlytek",
        "alibaba": "Alibaba",
        "baba": "Alibaba",
        "qwen": "Alibaba",
        "qwq": "Alibaba",
        "t head": "Alibaba",
        "tencent": "Tencent",
        "hunyuan": "Tencent",
        "baidu": "Baidu",
        "ernie": "Baidu",
        "kunlun": "Baidu",
        "bytedance": "ByteDance",
        "doubao": "ByteDance",
        "ant": "Ant",
        "xiaomi": "Xiaomi",
        "mimo": "Xiaomi",
        "meituan": "Meituan",
        "longcat": "Meituan",
        "huawei": "Huawei",
        "ascend": "Huawei",
        "cloudmatrix": "Huawei",
        "pangu": "Huawei",
        "ren zhengfei": "Huawei",
        "cambricon": "Cambricon",
        "hygon": "Hygon",
        "moore threads": "Moore Threads",
        "metax": "MetaX",
        "biren": "Biren",
        "enflame": "Enflame",
        "smic": "SMIC",
        "cxmt": "CXMT",
        "openai": "OpenAI",
        "altman": "OpenAI",
        "gpt": "OpenAI",
        "anthropic": "Anthropic",
        "claude": "Anthropic",
        "xai": "xAI",
        "musk": "xAI",
        "grok": "xAI",
        "mistral": "Mistral",
        "microsoft": "Microsoft",
        "msft": "Microsoft",
        "amazon": "Amazon",
        "aws": "Amazon",
        "trainium": "Amazon",
        "google": "Alphabet",
        "alphabet": "Alphabet",
        "gemini": "Alphabet",
        "tpu": "Alphabet",
        "deepmind": "Alphabet",
        "meta": "Meta",
        "llama": "Meta",
        "zuckerberg": "Meta",
        "oracle": "Oracle",
        "coreweave": "CoreWeave",
        "softbank": "SoftBank",
        "stargate": "Stargate",
        "amd": "AMD",
        "intel": "Intel",
        "broadcom": "Broadcom",
        "marvell": "Marvell",
        "qualcomm": "Qualcomm",
        "cerebras": "Cerebras",
        "tsmc": "TSMC",
        "samsung": "Samsung",
        "sk hynix": "SK Hynix",
        "humain": "Humain",
    }
)
"""Alias → name shown as the actor; governments and central banks follow from the codes."""
