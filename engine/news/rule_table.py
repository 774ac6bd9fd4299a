"""The rules themselves: which concepts vote for which type, and which wording gives which sense.

A condition is a conjunction: ``a|b, c, !d|e`` means (a or b) and c and neither d nor e. ``~verb``
is the verb negated (*denies*, *not*, *yet to*), ``-measure`` the measure removed (*lifts the ban*).
Weights are votes, not probabilities; the linear model on top learns how far to trust each rule.
The senses follow the labelling rules: the sense for NVDA after negation.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.values import Direction

_NV = "nvidia|nv_chip|nv_china_chip|huang"
_HW = "nvidia|nv_chip|nv_china_chip|chip|huang"
_CN_MODEL = "cn_lab|cn_model|cn_model_plain"
_US_MODEL = "us_lab|us_model"
_BUYER = "hyper|neocloud|us_lab|gulf"
_CN_FIRM = "cn_lab|cn_tech|huawei"
_POLICY_WORDS = "restrict|relax|-restrict|-relax|-rule|-diffusion|~relax|~restrict|licence"

TYPE_RULES: tuple[tuple[str, float, str], ...] = (
    # ── not our business ──
    ("irrelevant", 3.0, "noise"),
    ("irrelevant", 2.5, f"noise_verb, !{_HW}|cn_chip|rival_chip|fed|macro|capex|cn_model"),
    ("irrelevant", 1.5, "noise_verb, !nv_chip|nv_china_chip|cn_chip|rival_chip|fed|data_center"),
    ("irrelevant", 3.0, "nv_gaming, !data_center|nv_china_chip|probe|earnings|export|ai|restrict"),
    ("irrelevant", 2.0, f"hack, !nvidia|{_POLICY_WORDS}"),
    ("irrelevant", 2.5, f"hack, {_CN_MODEL}|us_lab|us_model"),
    ("irrelevant", 1.5, "quantum"),
    ("irrelevant", 1.5, "eda|fab|memory, earnings, !ai|nvidia|nv_chip"),
    (
        "irrelevant",
        2.5,
        f"!{_HW}|hyper|cn_lab|cn_tech|us_lab|us_model|fed|macro|tariff|rival|cn_chip"
        "|huawei|cn_fab|fab|memory|rates_word|cn_model|cn_model_plain|us_gov|ai"
        "|neocloud|rival_chip|stock"
        "|gulf|other_cb|diffusion|-diffusion|entity_list|truce|yields|-rule|congress|licence",
    ),
    (
        "irrelevant",
        1.0,
        f"!{_HW}|hyper|cn_lab|fed|macro|tariff|rival_chip|cn_chip|huawei|memory|ai"
        "|cn_model|us_model|own_chip|cn_fab|data_center|capex|neocloud|other_cb",
    ),
    (
        "irrelevant",
        1.0,
        "cn_tech|hyper, !ai|chip|own_chip|cn_chip|capex|data_center|model|nvidia"
        "|nv_chip|nv_china_chip|lease|cn_model|cn_model_plain|us_model|pricing"
        "|rival_chip|price_war",
    ),
    # ── model releases ──
    (
        "model_release",
        3.0,
        f"{_CN_MODEL}, launch, model|new_model|cn_model|model_version|open_source"
        "|cn_model_plain|parity|cheap, !delay|pricing|fail|hack",
    ),
    (
        "model_release",
        2.5,
        "cn_lab|cn_tech|huawei, new_model|cn_model|cn_model_plain, launch|parity"
        "|cheap|open_source, !delay|hack",
    ),
    (
        "model_release",
        2.5,
        f"{_US_MODEL}|hyper, us_model|new_model, launch, !own_chip|rival_chip|hack",
    ),
    ("model_release", 2.0, f"{_US_MODEL}|hyper, model|us_model, launch|open_source|parity"),
    ("model_release", 2.0, f"{_CN_MODEL}, cheap|parity, !pricing|cn_chip"),
    ("model_release", 2.5, f"{_CN_MODEL}, app_top|parity, !hack"),
    ("model_release", 2.0, "deepseek|new_model, stock|chip|nvidia, cheap|parity|down"),
    ("model_release", 2.5, f"{_CN_MODEL}, train, cheap"),
    ("model_release", 1.0, "cn_model|cn_model_plain"),
    ("model_release", 1.5, "model_version, launch|parity|cheap, cn_lab|cn_tech|china"),
    ("model_release", 1.5, f"{_US_MODEL}, data_center|nv_chip|train, us_model, !capex|deal"),
    (
        "model_release",
        2.5,
        "deepseek, stock|down|pct_down|chip, down|pct_down, !delay|smuggle|train|restrict",
    ),
    ("model_release", 2.0, "new_model, china|cheap, stock|data_center|chip, !restrict"),
    ("model_release", 2.0, "compute_need, us_lab|us_model"),
    ("model_release", 1.5, "us_model, launch"),
    # ── training failures, delays ──
    ("training_failure", 4.0, "train, fail|~train|~fail|struggle, cn_chip|huawei|cn_lab, !cheap"),
    ("training_failure", 4.0, "cn_lab|cn_tech|cn_model|model_version|china, fail, cn_chip|huawei"),
    ("training_failure", 3.0, "cn_lab|model_version, fail, nvidia|train"),
    ("training_failure", 2.5, f"{_US_MODEL}, fail, train|model|us_model, !delay"),
    ("training_failure", 2.0, "~train, cn_chip|huawei"),
    ("release_delay", 3.5, f"delay, {_CN_MODEL}|model_version"),
    ("release_delay", 2.5, f"delay|~delay, {_NV}, !restrict|us_gov|earnings|rival"),
    ("release_delay", 2.5, "delay|~delay, nv_chip"),
    (
        "release_delay",
        2.5,
        f"delay, {_US_MODEL}|hyper, us_model|model|ai, !own_chip|rival_chip|lease",
    ),
    ("release_delay", 2.0, "~launch, cn_lab|model_version, !cn_chip|huawei|hack"),
    ("release_delay", 1.5, f"steady_plan, {_NV}, !capex|hyper|earnings"),
    # ── domestic chips ──
    (
        "domestic_chip_launch",
        2.5,
        "cn_chip|huawei, launch, chip|cn_chip|mass|memory|data_center"
        ", !cn_phone|noise|train|cn_model",
    ),
    ("domestic_chip_launch", 2.5, "cn_chip|huawei|cn_fab, mass|yield_chip, !adopt|train|cn_model"),
    ("domestic_chip_launch", 2.0, "cn_tech|cn_lab|china, own_chip, launch|mass|consider, !train"),
    (
        "domestic_chip_launch",
        2.5,
        "cn_fab, mass|yield_chip|memory|chip, !entity_list|us_gov|other_gov",
    ),
    ("domestic_chip_launch", 2.0, "cn_chip|huawei|cn_fab, struggle|~raise, !train|cn_lab|adopt"),
    ("domestic_chip_launch", 2.5, "china|cn_gov, chip|ai, mass, raise"),
    ("domestic_chip_launch", 2.0, "china|huawei|cn_fab, memory, launch|mass|consider"),
    ("domestic_chip_launch", 1.5, "cn_phone, chip|mass|cn_fab|parity"),
    ("domestic_chip_launch", 1.5, "us_gov, huawei|cn_chip, struggle, mass|chip, !restrict|shun"),
    (
        "domestic_chip_adoption",
        3.0,
        "cn_chip|own_chip, adopt, cn_lab|cn_tech|cn_model|china|cn_gov"
        "|cn_model_plain|model_version, !hyper|us_gov",
    ),
    (
        "domestic_chip_adoption",
        3.0,
        "cn_chip, train|inference, cn_lab|cn_tech|cn_model|china|model, !fail",
    ),
    ("domestic_chip_adoption", 2.5, "cn_chip, earnings|stock|up_move, !fail|launch"),
    ("domestic_chip_adoption", 2.5, "cn_chip, adopt|deal, !us_gov|launch"),
    (
        "domestic_chip_adoption",
        2.0,
        "huawei|cn_chip, train|adopt|deal, cn_lab|cn_tech|cn_model|model",
    ),
    ("domestic_chip_adoption", 1.5, "cn_lab|cn_tech|china, cn_chip, struggle|~adopt|shun"),
    (
        "domestic_chip_adoption",
        1.5,
        "cn_tech|cn_lab, nv_chip|nvidia, ~adopt|struggle, !us_gov|cn_gov",
    ),
    ("domestic_chip_adoption", 1.5, "cn_gov|cn_tech, cn_chip, shun|adopt"),
    # ── export policy ──
    (
        "export_restriction",
        3.0,
        f"us_gov, restrict|entity_list, {_HW}|memory|eda, china|gulf|other_gov"
        "|export|licence|nv_china_chip|cn_tech|rule|cn_fab, !-restrict|tariff",
    ),
    (
        "export_restriction",
        2.5,
        f"us_gov, restrict|rule, {_HW}, !-restrict|-rule|relax|tariff|probe",
    ),
    ("export_restriction", 2.5, f"restrict, export, {_HW}, !cn_gov|customs|-restrict|relax"),
    ("export_restriction", 2.5, "nvidia, licence|rule, restrict, !-restrict|cn_gov"),
    ("export_restriction", 2.5, "diffusion, !-diffusion|-rule|relax|-restrict"),
    ("export_restriction", 2.5, "entity_list, !-entity_list"),
    ("export_restriction", 2.0, "us_gov, huawei|cn_chip, restrict|shun|warn_risk, !struggle"),
    ("export_restriction", 2.0, "us_gov, restrict, cn_tech|cn_fab|cn_lab, chip|export|sale"),
    (
        "export_restriction",
        2.0,
        "eda|fab, restrict, china|cn_fab|export, !-restrict|relax|earnings",
    ),
    ("export_restriction", 1.5, "congress, rule|restrict, chip|nvidia|export|ai, !-rule|-restrict"),
    ("export_restriction", 1.5, "~restrict, us_gov, chip|nvidia|export|nv_chip"),
    (
        "export_restriction",
        1.5,
        "nv_china_chip, earnings, miss|restrict, us_gov|licence|rule|restrict",
    ),
    ("export_restriction", 1.5, "us_gov, nv_chip, restrict|~relax|~sale|~licence, !-restrict"),
    (
        "export_relief",
        3.0,
        f"-restrict|-rule|-diffusion|-licence|-entity_list, us_gov|export|{_HW}|eda"
        "|diffusion, !tariff|cn_gov|noise_verb",
    ),
    (
        "export_relief",
        3.0,
        "relax, nv_china_chip|nv_chip, us_gov|china|gulf|export|licence|cn_tech|cn_lab|cn_gov",
    ),
    (
        "export_relief",
        2.5,
        "relax, us_gov, chip|nvidia|rival_chip|nv_chip|ai, !tariff|restrict|probe",
    ),
    ("export_relief", 2.5, f"relax|~relax|-relax, licence|export, {_HW}|rival|rival_chip, !noise"),
    ("export_relief", 2.0, "nvidia|rival, relax, sale|export, china|nv_china_chip"),
    (
        "export_relief",
        2.0,
        "licence, nv_china_chip|nv_chip|rival_chip, us_gov|export|china, !restrict",
    ),
    ("export_relief", 2.5, "toll, nvidia|rival|nv_china_chip, china|us_gov|licence, !tariff|stock"),
    ("export_relief", 2.0, "~relax|-relax|~licence, us_gov|nvidia, chip|nv_chip|licence|export"),
    ("export_relief", 1.5, "gulf, relax, us_gov|chip|nvidia|nv_chip"),
    ("export_relief", 2.0, "~sale, us_gov, china, chip|nv_chip|nvidia"),
    ("export_relief", 2.0, "~restrict, licence|export, nv_chip|nv_china_chip|nvidia"),
    ("export_relief", 1.5, "congress, nv_china_chip|nv_chip, sale|relax, !restrict"),
    (
        "export_restriction",
        2.0,
        "eda|fab, restrict|shun|rule, china|export|cn_fab|other_gov, !-restrict|relax",
    ),
    (
        "export_restriction",
        2.0,
        "rule|restrict, export|chip|nv_china_chip, us_gov|congress, !-rule|-restrict|relax",
    ),
    (
        "export_restriction",
        2.5,
        "-licence|-relax|~relax|~licence, us_gov, nvidia|nv_chip|chip|nv_china_chip",
    ),
    (
        "export_restriction",
        2.0,
        "first_us, restrict|~relax|~sale|-licence, nvidia|nv_chip|chip|cn_chip, !-restrict",
    ),
    (
        "export_relief",
        2.0,
        "first_us, relax|-restrict|-rule|-diffusion, nvidia|nv_chip|chip|rival, !restrict",
    ),
    ("export_relief", 2.0, "-restrict|-rule, nv_china_chip|nv_chip|chip, !first_china|earnings"),
    (
        "china_purchase_ban",
        3.0,
        "first_china, restrict|shun, nvidia|nv_chip|nv_china_chip, !probe|huawei",
    ),
    (
        "china_purchase_ban",
        2.0,
        "first_china, ~restrict|-restrict|-rule|relax, nvidia|nv_chip, !licence",
    ),
    ("china_purchase_ban", 2.0, "first_china, restrict|shun, chip|data_center, !export"),
    (
        "china_purchase_ban",
        2.5,
        "first_nvidia, scrap|shun|restrict|cut|delay, nv_china_chip"
        ", fab|mass|china|cn_gov, !us_gov",
    ),
    # ── China turns away ──
    ("china_purchase_ban", 3.5, f"cn_gov|customs, shun|restrict, {_HW}, !probe"),
    ("china_purchase_ban", 2.5, f"china, shun|restrict, {_NV}, !us_gov|export|licence|probe"),
    (
        "china_purchase_ban",
        2.5,
        "nvidia|fab, shun|restrict|cut, nv_china_chip, !us_gov|licence|relax",
    ),
    ("china_purchase_ban", 2.5, "cn_tech, shun|restrict, nvidia|nv_chip, !us_gov|relax"),
    ("china_purchase_ban", 2.0, "customs, nvidia|nv_chip|chip"),
    (
        "china_purchase_ban",
        2.0,
        "cn_gov|china, ~shun|~restrict|-restrict, nvidia|nv_china_chip, !us_gov",
    ),
    ("china_purchase_ban", 1.5, "cn_gov, cn_chip, shun|adopt, nvidia|data_center|rule"),
    ("china_purchase_ban", 2.0, "cn_gov, data_center, restrict|shun, chip|nvidia"),
    ("china_purchase_ban", 1.5, "huang|nvidia, china, shun, !us_gov|earnings|export"),
    (
        "china_purchase_ban",
        2.5,
        "china, restrict|shun, chip|data_center|nv_chip, !us_gov|export|cn_chip|fab|eda",
    ),
    ("china_purchase_ban", 2.0, "keen, china|cn_tech, nvidia|nv_chip|nv_china_chip"),
    # ── demand ──
    ("capex_increase", 3.0, f"{_BUYER}|cn_tech|cn_lab, capex, raise|deal|launch|beat, !cut|~capex"),
    (
        "capex_increase",
        2.5,
        f"{_BUYER}, data_center, raise|deal|capex|launch, !cut|own_chip|rival|rival_chip",
    ),
    ("capex_increase", 2.5, "nvidia, capex, us_lab|neocloud, !cut"),
    (
        "capex_increase",
        2.0,
        f"{_BUYER}|other_gov, adopt|deal|raise, nv_chip|nvidia"
        ", !relax|restrict|rival|rival_chip|own_chip|probe|us_gov",
    ),
    ("capex_increase", 1.5, "fab|memory, raise|beat, ai|capex|earnings, !nvidia|huawei|cn_chip"),
    (
        "capex_increase",
        2.0,
        "other_gov|regulator|gulf, ai|data_center, capex|raise, !probe|restrict",
    ),
    ("capex_increase", 1.5, f"{_BUYER}, capex, !cut"),
    ("capex_increase", 1.5, "neocloud, deal|raise|capex|earnings, !cut|stock"),
    ("capex_increase", 1.5, "us_gov, neocloud|data_center, capex|launch, !restrict|relax"),
    (
        "capex_cut",
        3.0,
        f"{_BUYER}|cn_tech, cut|~cut|delay|~raise, capex|lease|data_center"
        ", !model|us_model|pricing",
    ),
    ("capex_cut", 2.5, "lease, cut|~cut"),
    ("capex_cut", 2.0, f"{_BUYER}|cn_tech, capex|data_center, warn_risk|steady_plan"),
    ("capex_cut", 2.0, "capex|data_center, cut|warn_risk, ai, !restrict|nvidia"),
    ("capex_cut", 1.5, f"{_BUYER}, steady_plan, capex"),
    # ── competition ──
    ("competitor_chip", 2.5, "rival_chip, !us_gov|export|china|noise"),
    (
        "competitor_chip",
        2.5,
        "rival, chip|own_chip|ai|us_lab|hyper|data_center|neocloud, launch|deal"
        "|beat|adopt|miss|raise|delay, !export|licence|noise|cn_gov|us_gov",
    ),
    ("competitor_chip", 2.5, "hyper|us_lab, own_chip|rival_chip, !restrict"),
    ("competitor_chip", 2.0, "rival, rival_chip|earnings, ai|chip|rival_chip"),
    ("competitor_chip", 1.5, "rival_chip"),
    (
        "competitor_chip",
        2.0,
        "first_rival, launch|deal|raise|adopt|beat|miss|scrap|cool"
        ", !restrict|relax|licence|noise|noise_verb",
    ),
    # ── Nvidia's own ──
    (
        "nvidia_product",
        1.5,
        "first_nvidia, launch|deal|consider|raise, nv_chip|nv_china_chip|china"
        ", !restrict|relax|licence|us_gov|cn_gov|scrap",
    ),
    (
        "nvidia_product",
        2.5,
        "nvidia|huang|nv_chip, launch, nv_chip|chip|data_center"
        ", !nv_gaming|earnings|us_gov|delay|restrict",
    ),
    (
        "nvidia_product",
        2.0,
        "nv_chip|huang, demand_strong|raise|mass, !us_gov|delay|earnings|cn_gov"
        "|hyper|restrict|relax|export",
    ),
    (
        "nvidia_product",
        2.0,
        "nvidia, deal|adopt, !us_gov|earnings|cn_gov|probe|stock|restrict|relax",
    ),
    (
        "nvidia_product",
        2.0,
        "nvidia, nv_china_chip, launch|consider|mass, !us_gov|restrict|relax|shun|licence|cn_gov",
    ),
    ("nvidia_product", 1.0, "nv_chip, !us_gov|restrict|relax|cn_gov|export|delay|earnings"),
    ("nvidia_product", 1.0, "nvidia, launch"),
    (
        "nvidia_earnings",
        3.0,
        "nvidia, earnings, beat|miss|exclude|raise|cut|hold, !hyper|us_gov|cn_gov"
        "|probe|cap_level|relax|restrict",
    ),
    ("nvidia_earnings", 1.5, "nvidia, earnings, !us_gov|cn_gov|probe|restrict|relax|licence"),
    ("nvidia_earnings", 3.0, "nvidia, shareholder"),
    ("nvidia_earnings", 1.5, "huang|nvidia, earnings, china, miss|exclude|cut"),
    (
        "valuation_milestone",
        3.5,
        "nvidia, cap_level, !capex|demand_strong|opinion|analyst|earnings",
    ),
    ("valuation_milestone", 2.0, "nvidia, cap_level, beat|parity|up_move|launch|relax"),
    (
        "regulatory_probe",
        3.0,
        f"{_NV}, probe|-probe|~probe, regulator|us_gov|cn_gov|china|other_gov",
    ),
    ("regulatory_probe", 2.0, f"{_NV}, probe|~probe|-probe, !restrict|licence|tariff"),
    ("regulatory_probe", 2.5, f"{_NV}, regulator, !export|licence"),
    ("regulatory_probe", 1.5, "cn_lab|cn_chip|gulf, probe, us_gov|chip|nvidia, !hack"),
    # ── prices, rates, the rest ──
    ("price_war", 3.5, "price_war, !noise_verb|noise"),
    (
        "price_war",
        3.0,
        f"pricing|free, cut|free|raise, {_CN_MODEL}|cn_tech|{_US_MODEL}, !capex|earnings"
        "|stock|rival_chip",
    ),
    ("price_war", 2.5, "pricing, cut|cheap|raise, model|cn_model|us_model|cn_model_plain, !launch"),
    ("price_war", 2.5, f"{_NV}, pricing, cut|cheap, !earnings|stock|fed"),
    ("rates", 3.5, "fed, rates_word|dovish|hawkish|hold|cut|macro, !noise"),
    ("rates", 3.0, "other_cb, rates_word|cut|hold|dovish|hawkish"),
    ("rates", 2.5, f"macro, !{_NV}|cn_lab|pricing|capex|cn_chip|hyper|noise_verb"),
    ("rates", 1.5, "fed"),
    ("other", 2.5, "tariff, us_gov|china|stock|cn_gov|other_gov|chip"),
    ("other", 3.0, f"nv_stockholder, {_NV}|stock, down|up_move|sale|warn_risk|stock"),
    (
        "other",
        2.0,
        f"{_NV}|chip, down|up_move, stock|chip|cap_level, !{_POLICY_WORDS}|earnings|cn_lab",
    ),
    ("other", 1.5, f"{_NV}, down|up_move, !{_POLICY_WORDS}|earnings|cn_lab|rival_chip|probe"),
    ("other", 2.5, f"smuggle, {_HW}, !cn_gov|customs|probe"),
    ("other", 2.5, f"analyst, {_NV}"),
    ("other", 3.0, f"bank, upgrade|downgrade|analyst, {_NV}"),
    ("other", 2.0, f"pct_up|pct_down|rebound, {_NV}|chip, !earnings|cn_lab|{_POLICY_WORDS}"),
    ("other", 2.5, "dow_entry"),
    ("other", 2.5, "small_holder, nvidia, !earnings"),
    ("other", 2.5, "truce"),
    ("other", 2.5, "warn_risk, ai, stock|warn_risk, !capex|restrict|us_gov"),
    ("other", 2.0, f"opinion, {_NV}"),
    ("other", 1.5, "stock, down|up_move, ai|chip|stock, !fed|macro|earnings|noise_verb"),
)
"""(type, weight, condition): every condition that holds adds its weight to its type."""

_CHINA_NEWS = "cn_chip|huawei|cn_fab|cn_tech|cn_lab|china"

DIRECTION_RULES: Mapping[str, tuple[tuple[Direction, str], ...]] = {
    "model_release": (
        (1, "compute_need, !cn_lab|cheap|cn_tech"),
        (1, "us_lab|us_model, nv_chip|nvidia, raise|train, !cn_lab|cheap|hyper|launch"),
        (1, "us_model|us_lab, nv_chip, !cn_lab|cheap"),
        (1, "cn_model|cn_lab, cool, !cheap|parity|stock"),
        (0, "old_version, !cheap|parity|cn_chip|stock|cn_model"),
        (-1, "deepseek"),
        (-1, "cn_lab|cn_tech|huawei|cn_model|cn_model_plain|china, cheap|cn_chip|own_chip"),
        (-1, "cn_model, !us_lab"),
        (-1, "cn_lab|cn_tech|cn_model_plain|china|new_model, parity, !us_lab|us_model|hyper"),
        (-1, "cn_lab|cn_tech|cn_model_plain|china, parity, cn_lab|cn_tech|cn_model_plain"),
        (-1, "cn_lab|cn_tech|cn_model_plain|china, stock|chip, down"),
        (-1, "cn_lab, cn_tech|app_top|model_version, !us_lab"),
        (-1, "new_model, china, down|cheap|adopt|parity"),
        (-1, "chip|nvidia, down, cheap|new_model"),
        (0, ""),
    ),
    "training_failure": (
        (0, "us_lab|us_model|hyper, !cn_chip|huawei|cn_lab"),
        (-1, "~fail|denies, !spurns_cn|favours_nv"),
        (1, ""),
    ),
    "release_delay": (
        (
            1,
            "nvidia|nv_chip|huang, ~delay|steady_plan|~struggle|denies|refuted"
            ", !cn_lab|model_version",
        ),
        (-1, "cn_lab|cn_model|model_version|cn_model_plain, steady_plan, !delay"),
        (1, "cn_lab|cn_model|model_version|cn_model_plain, ~launch|refuted|denies, !~delay|delay"),
        (-1, "cn_lab|cn_model|model_version|cn_model_plain, ~delay, denies|refuted"),
        (1, "cn_lab|cn_model|model_version|cn_model_plain, !nv_chip|nv_china_chip|us_lab"),
        (1, "cn_lab"),
        (0, "us_lab|us_model|hyper, !nvidia|nv_chip"),
        (-1, "nvidia|nv_chip|nv_china_chip"),
        (1, "cn_chip|huawei|china|cn_tech"),
        (0, ""),
    ),
    "domestic_chip_launch": (
        (-1, "~struggle|~delay|~fail|steady_plan"),
        (1, "struggle|cool, !launch|parity|raise|adopt|yield_chip"),
        (1, "struggle|cool, huawei|cn_fab|cn_chip, memory|yield_chip|warn_risk, !raise|launch"),
        (1, "~launch|~raise|~adopt|delay|fail"),
        (1, "us_gov, struggle"),
        (1, "us_gov, huawei|cn_chip, restrict, mass|chip, !adopt"),
        (1, "struggle|cut, miss|cut|cn_fab, !launch|raise"),
        (1, "cool, cn_chip|cn_fab|huawei, !launch"),
        (-1, ""),
    ),
    "domestic_chip_adoption": (
        (-1, "spurns_nv|favours_cn, !favours_nv|spurns_cn"),
        (1, "spurns_cn|favours_nv, !beat|train"),
        (1, "spurns_cn|favours_nv, cn_tech|cn_lab|china, !earnings"),
        (1, "refuted, cn_chip"),
        (1, "~adopt|~struggle, !beat"),
        (1, "struggle, cn_chip|huawei|nvidia|nv_chip, !earnings|train|raise|deal|beat|cheap"),
        (1, "warn_risk|~deal, cn_chip, stock"),
        (1, "struggle, nv_chip|nvidia, hold|struggle, cn_tech|china, !cn_chip"),
        (-1, ""),
    ),
    "export_restriction": (
        (0, "entity_list, cn_fab|cn_chip|cn_lab, !nvidia|memory|export"),
        (
            1,
            "us_gov, huawei|cn_chip, restrict|warn_risk|rule|shun|demand_undo"
            ", !nvidia|nv_chip|nv_china_chip|diffusion|entity_list|china|chip|export",
        ),
        (1, "us_gov, huawei|cn_chip, warn_risk|shun|rule, !nvidia|nv_chip|nv_china_chip|diffusion"),
        (1, "us_gov, cn_fab, restrict, !nvidia|nv_chip|entity_list|export|fab"),
        (0, "eda, !nvidia|nv_chip|chip"),
        (0, "eda, restrict|shun, !nvidia|nv_chip|memory|us_gov"),
        (0, "eda, us_gov, sale|export, !nvidia|nv_chip|memory|ai"),
        (0, "fab|other_gov, restrict, !nvidia|nv_chip|memory|ai|gulf|chip"),
        (0, "fab, restrict|shun|mass|probe, china|cn_fab|huawei, !nvidia|us_gov"),
        (0, "fab, licence|probe, us_gov, !nvidia|nv_chip"),
        (1, "~restrict, !restrict|~relax|-restrict"),
        (1, "-restrict|-rule|-diffusion, !restrict"),
        (-1, ""),
    ),
    "export_relief": (
        (0, "eda"),
        (0, "fab, !nvidia|rival|nv_chip|nv_china_chip"),
        (0, "toll, !relax|~relax|consider|sale"),
        (0, "toll, nvidia|rival, !relax|consider|-restrict"),
        (1, "~restrict, !~relax"),
        (-1, "~relax|~licence|-relax|-licence, !relax|-restrict"),
        (-1, "congress, relax|sale|export|nv_china_chip, !-rule|-restrict|rule|restrict"),
        (-1, "congress, demand_undo|restrict, !-rule|-restrict"),
        (-1, "stalled, !-restrict|-rule"),
        (-1, "~relax|~sale, us_gov, !-restrict"),
        (-1, "negate, us_gov, china, !relax|-restrict|-rule|-diffusion|rule"),
        (1, ""),
    ),
    "china_purchase_ban": (
        (1, "keen"),
        (1, "denies|refuted, restrict|~restrict|shun"),
        (1, "-rule, cn_gov|china"),
        (1, "~restrict|-restrict|~shun, !restrict"),
        (1, "relax, cn_gov|china|cn_tech, !~relax|restrict|shun|us_gov"),
        (1, "struggle, cn_tech|china, nvidia|nv_chip, !cn_chip|miss|cut"),
        (-1, ""),
    ),
    "capex_increase": (
        (0, "cn_tech, !hyper|us_lab|nvidia|nv_chip"),
        (0, "~raise|~capex, !raise"),
        (1, ""),
    ),
    "capex_cut": (
        (1, "~cut|steady_plan|~capex|~delay|~fail|~struggle"),
        (1, "denies|refuted"),
        (1, "hold, !cut|delay|warn_risk"),
        (1, "negate, cut|capex, !warn_risk"),
        (-1, ""),
    ),
    "competitor_chip": (
        (1, "~rival_chip|~adopt|~deal|~own_chip|~launch"),
        (1, "delay|fail|scrap|cool, !deal|beat"),
        (1, "scrap|fail, rival|rival_chip|own_chip|hyper, !beat"),
        (1, "spurns_cn, hyper|us_lab, rival_chip"),
        (1, "refuted|denies"),
        (-1, ""),
    ),
    "nvidia_product": (
        (0, "nv_gaming, !data_center"),
        (-1, "scrap|cool|no_plan, !launch"),
        (-1, "scrap|no_plan, china|nv_china_chip|nv_chip"),
        (-1, "~launch|~sale, china|nv_china_chip"),
        (-1, "cool, china|nv_china_chip|nv_chip, !beat"),
        (-1, "struggle|delay, !launch|raise|beat|consider|deal|cheap"),
        (-1, "~raise|~adopt"),
        (1, ""),
    ),
    "nvidia_earnings": (
        (1, "shareholder"),
        (-1, "below_estimate"),
        (1, "above_estimate"),
        (0, "preview, !beat|miss|raise"),
        (0, "exclude, china|nv_china_chip, !beat|~beat|earnings"),
        (0, "exclude, nv_china_chip|china|eda, !beat|miss|cut"),
        (1, "~miss, !miss"),
        (-1, "~beat, !shareholder"),
        (-1, "earnings, miss, china|nv_china_chip, !beat|raise"),
        (0, "beat, miss, cut|down|struggle, !raise"),
        (1, "beat, earnings, !miss"),
        (0, "beat, miss, hold"),
        (-1, "miss"),
        (1, "beat"),
        (0, "exclude|preview"),
        (1, ""),
    ),
    "regulatory_probe": (
        (0, "soft_probe"),
        (1, "denies, nvidia|nv_chip|nv_china_chip|huang"),
        (1, "closes_case, probe|-probe|regulator|cn_gov|us_gov, !launch"),
        (1, "closes_case, probe|-probe|regulator"),
        (1, "~probe|-probe"),
        (1, "relax|-restrict, !probe|restrict"),
        (1, "negate, nvidia|nv_chip|huang, !regulator|cn_gov"),
        (1, "relax, regulator"),
        (-1, ""),
    ),
    "price_war": (
        (1, "price_up"),
        (-1, "nvidia|nv_chip|nv_china_chip, cut|cheap|miss|pricing|cool"),
        (-1, "deepseek, !cn_tech"),
        (-1, "us_lab|us_model|hyper, cut|cheap|free|pricing, !cn_tech|cn_lab"),
        (-1, "chip, down|cut, !cn_tech|cn_lab"),
        (1, "pricing, raise, !cut|cheap|free|cn_tech"),
        (0, ""),
    ),
    "rates": (
        (0, "other_cb, !fed"),
        (-1, "~dovish, !hawkish|~hawkish|dove_strong"),
        (-1, "hawk_strong|hike, !~hawkish"),
        (1, "~hawkish, !dovish|~dovish"),
        (1, "yields, down|cut, !hawk_strong"),
        (-1, "yields, up_move|raise|beat, !dove_strong"),
        (1, "dove_strong"),
        (0, "preview|hold, !dovish|hawkish|~dovish|~hawkish"),
        (0, "hold, fed, !dovish|~dovish|hawkish"),
        (0, "preview"),
        (-1, "hawkish, !dovish"),
        (1, "dovish, !hawkish"),
        (-1, "macro, hawkish, beat|raise, !fed"),
        (1, "dovish"),
        (0, ""),
    ),
    "other": (
        (0, "smuggle|small_holder"),
        (1, "truce, !warn_risk"),
        (1, "tariff, up_move, relax|remove|-tariff|delay, !down|warn_risk"),
        (1, "tariff, relax|remove|-tariff|up_move|cut|hold|delay, !down|raise|warn_risk"),
        (-1, "tariff"),
        (0, "huang, sale|down, stock"),
        (1, "pct_up"),
        (-1, "pct_down"),
        (0, "opinion, !upgrade|downgrade|analyst|bank"),
        (1, "upgrade, bank|analyst|nvidia, !downgrade"),
        (-1, "downgrade"),
        (1, "dow_entry|rebound"),
        (1, "huawei|cn_chip|cn_fab, struggle|cut"),
        (-1, "nv_stockholder, down|sale|warn_risk|cut, !up_move|raise"),
        (1, "nv_stockholder, up_move|raise|adopt, !down|warn_risk"),
        (1, "analyst|bank, nvidia, raise|up_move|beat, !cut|down|miss"),
        (-1, "analyst|bank, nvidia, cut|down|miss"),
        (0, "opinion"),
        (-1, "warn_risk|cool, !up_move|beat"),
        (1, "up_move, !down|warn_risk"),
        (-1, "down"),
        (1, "nvidia, deal|adopt"),
        (-1, "warn_risk"),
        (0, ""),
    ),
    "valuation_milestone": ((0, ""),),
    "irrelevant": ((0, ""),),
}
"""type → (sense, condition) in order: the first condition that holds decides; "" always holds."""
