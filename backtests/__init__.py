"""History: one rule, many rules, honest tuning.

``replay`` fills the decisions of ``engine.decision`` at the open and pays for them · ``metrics`` says
what came of it · ``sweep`` runs many parameter sets at once · ``walk_forward`` tunes on the past
only · ``overfitting`` judges how much of it is luck · ``event_study`` measures reactions · ``audit``
looks for look-ahead · ``tearsheet`` draws it.
"""
