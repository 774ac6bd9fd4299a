"""What a model release can cost Nvidia: formats → chips → cost → rating.

``fp8`` bit-exact low-precision formats · ``chips`` what runs at which peak and price ·
``architectures`` model dimensions · ``cost`` training and serving equations · ``validation``
against published figures · ``catalogue`` releases as they were told · ``quality`` benchmark
scores on one scale · ``frontier`` the cheapest offer of comparable quality known before ·
``feasibility`` what was shown to run on home-grown chips · ``supply`` how many there are ·
``channels`` and ``rating`` the distribution of revenue at risk. Nothing here looks at share
prices.
"""
