"""Stands in for the example's program: the same arguments and files, and Python's standard library only.

Each digit is taken for the one whose mean of 3,000 training images is nearest.
"""
import argparse
import gzip
import json
import os
import pathlib

TRAINED, TESTED, PIXELS = 3000, 300, 784


def read(path, header, size, count):
    with gzip.open(path) as file:
        file.read(header)
        return [file.read(size) for _ in range(count)]


def means_of(images, labels):
    sums, counts = [[0] * PIXELS for _ in range(10)], [0] * 10
    for image, label in zip(images, labels):
        counts[label] += 1
        sums[label] = [s + p for s, p in zip(sums[label], image)]
    return [[s / count for s in total] for total, count in zip(sums, counts)]


def nearest(image, means):
    return min(range(10), key=lambda digit: sum((p - m) ** 2 for p, m in zip(image, means[digit])))


def main():
    parser = argparse.ArgumentParser()
    for name in ("trainImagesFile", "trainLabelsFile", "testImagesFile", "testLabelsFile", "learningRate",
                 "trainingIters"):
        parser.add_argument("--" + name, required=True)
    files = parser.parse_args()
    labels = [b[0] for b in read(files.trainLabelsFile, 8, 1, TRAINED)]
    means = means_of(read(files.trainImagesFile, 16, PIXELS, TRAINED), labels)
    tests = zip(read(files.testImagesFile, 16, PIXELS, TESTED), read(files.testLabelsFile, 8, 1, TESTED))
    right = sum(nearest(image, means) == label[0] for image, label in tests)
    model = pathlib.Path(os.environ["RESULT_DIR"]) / "model"
    model.mkdir(parents=True, exist_ok=True)
    (model / "means.json").write_text(json.dumps(means))
    print(f"Test accuracy: {right / TESTED:.4f}")


if __name__ == "__main__":
    main()
