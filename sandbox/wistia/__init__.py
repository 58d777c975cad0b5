"""A stand-in for Wistia's API: an invented account behind the same addresses and habits.

The account is a formula of a seed, so ten million visitors cost no memory; what happens to it
afterwards (arrivals, returns, deletions, plays) is kept beside the formula. `world` holds the
account, `gate` what happens to every request, `stats` and `library` the answers, `control` the
addresses under `/_sandbox` that a test or a newcomer steers it with.
"""
