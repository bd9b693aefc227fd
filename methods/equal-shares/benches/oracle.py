"""Counts a .pb file by pabutools: CPU seconds, peak memory, number selected. Usage: oracle.py FILE RULE"""

import resource
import sys
import time

from pabutools.election import Cardinality_Sat, Cost_Sat
from pabutools.election import parse_pabulib
from pabutools.rules import greedy_utilitarian_welfare, method_of_equal_shares, sequential_phragmen

RULES = {
    "greedy": lambda i, p: greedy_utilitarian_welfare(i, p, sat_class=Cost_Sat),
    "greedy-per-cost": lambda i, p: greedy_utilitarian_welfare(i, p, sat_class=Cardinality_Sat),
    "phragmen": sequential_phragmen,
    "mes": lambda i, p: method_of_equal_shares(i, p, sat_class=Cost_Sat),
    "mes-add1": lambda i, p: method_of_equal_shares(i, p, sat_class=Cost_Sat, voter_budget_increment=1),
}

file, rule = sys.argv[1:]
before = time.process_time()
instance, profile = parse_pabulib(file)
profile = profile.as_multiprofile()
parsed = time.process_time()
selected = RULES[rule](instance, profile)
counted = time.process_time()
mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{counted - parsed:.3f} s CPU (+{parsed - before:.3f} parse)  {mib:.0f} MiB  {len(selected)} won")
