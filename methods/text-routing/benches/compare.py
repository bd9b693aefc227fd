"""The same task with scikit-learn: TF-IDF of character 1-2-grams and LinearSVC, on the folds of `text_routing::folds`.

Usage: compare.py messages-train.csv.gz   (ends with status 1 if scikit-learn is not installed)
"""

import csv
import gzip
import sys
import time

try:
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.svm import LinearSVC
except ImportError:
    sys.exit(1)

FOLDS = 5
TITLE_WEIGHT = 3


def folds(rows):
    turns = {label: i for i, label in enumerate(sorted({row["label"] for row in rows}))}
    groups = {}

    def turn(label):
        turns[label] += 1
        return turns[label] % FOLDS

    for row in rows:
        group = row["dup_group"]
        if not group:
            yield turn(row["label"])
        else:
            if group not in groups:
                groups[group] = turn(row["label"])
            yield groups[group]


with gzip.open(sys.argv[1], "rt", encoding="utf-8-sig", newline="") as file:
    rows = list(csv.DictReader(file))
fold = np.array(list(folds(rows)))
labels = np.array([row["label"] for row in rows])
texts = np.array([" ".join([row["title"]] * TITLE_WEIGHT + [row["body"]]) for row in rows], dtype=object)
first, second = np.empty(len(rows), dtype=object), np.empty(len(rows), dtype=object)
train = ask = 0.0
for out in range(FOLDS):
    inside, outside = fold != out, fold == out
    begin = time.process_time()
    words = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, max_features=160_000)
    machine = LinearSVC().fit(words.fit_transform(texts[inside]), labels[inside])
    train += time.process_time() - begin
    begin = time.process_time()
    order = np.argsort(-machine.decision_function(words.transform(texts[outside])), axis=1)
    ask += time.process_time() - begin
    first[outside], second[outside] = machine.classes_[order[:, 0]], machine.classes_[order[:, 1]]
print(
    f"     scikit-learn, same folds: macro-F1 {f1_score(labels, first, average='macro'):.4f}, "
    f"accuracy {accuracy_score(labels, first):.4f}, top two {((first == labels) | (second == labels)).mean():.4f}, "
    f"training {train / FOLDS:.1f} s per fold without calibration, {len(rows) / ask:.0f} messages/s"
)
