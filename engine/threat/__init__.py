"""What a model release can cost Nvidia: formats → chips → cost → proof → threat.

``fp8`` bit-exact low-precision formats · ``chips`` what runs at which peak and price ·
``architectures`` model dimensions · ``cost`` training and serving equations · ``validation``
against published figures · ``catalogue`` releases as they were told · ``quality`` benchmark
scores on one scale · ``novelty`` how far a release lies from what was known before ·
``evidence`` who proved what on home-grown chips, each claim once · ``supply`` what such chips can
carry · ``stake`` what China is worth under policy as it may turn · ``channels`` and ``rating`` the
distribution of revenue and value at risk · ``changes`` what happens between releases. Nothing here
looks at share prices.
"""
