"""One ``Report`` value, said in many ways.

``build`` gathers it · ``present`` turns numbers into words of the reader's language · ``text``,
``html``, ``markdown``, ``jsonform`` render it · ``charts`` draws small SVGs that follow light and
dark · ``i18n``, ``catalogue`` and ``locale`` hold the languages · ``typography`` keeps outside text
harmless at the exit · ``deliver`` sends it.
"""
