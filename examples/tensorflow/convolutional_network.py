"""A small convolutional network for MNIST, trained with TensorFlow.

--trainingIters is the number of training images to show at most; training ends earlier once images
that were held back are no longer recognised better. The model goes to $RESULT_DIR/model.
"""

import argparse
import json
import os
import time

import numpy as np
import tensorflow as tf

import input_data

BATCH = 128
PATIENCE = 2  # epochs without progress
HELD_BACK = 0.1  # of the training images


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainImagesFile", required=True)
    parser.add_argument("--trainLabelsFile", required=True)
    parser.add_argument("--testImagesFile", required=True)
    parser.add_argument("--testLabelsFile", required=True)
    parser.add_argument("--learningRate", type=float, default=0.001)
    parser.add_argument("--trainingIters", type=int, default=200000)
    return parser.parse_args()


class Network(tf.Module):
    """Two convolutions with pooling, then two dense layers."""

    def __init__(self):
        super().__init__()
        initial = tf.random.Generator.from_seed(1)

        def weights(*shape):
            fan_in = np.prod(shape[:-1])
            return tf.Variable(initial.normal(shape, stddev=np.sqrt(2.0 / fan_in)))

        self.filters_1, self.bias_1 = weights(5, 5, 1, 16), tf.Variable(tf.zeros(16))
        self.filters_2, self.bias_2 = weights(5, 5, 16, 32), tf.Variable(tf.zeros(32))
        self.dense_1, self.bias_3 = weights(7 * 7 * 32, 128), tf.Variable(tf.zeros(128))
        self.dense_2, self.bias_4 = weights(128, 10), tf.Variable(tf.zeros(10))

    @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1], tf.float32)])
    def __call__(self, images):
        x = tf.nn.relu(tf.nn.conv2d(images, self.filters_1, 1, "SAME") + self.bias_1)
        x = tf.nn.max_pool2d(x, 2, 2, "SAME")
        x = tf.nn.relu(tf.nn.conv2d(x, self.filters_2, 1, "SAME") + self.bias_2)
        x = tf.nn.max_pool2d(x, 2, 2, "SAME")
        x = tf.reshape(x, [-1, 7 * 7 * 32])
        x = tf.nn.relu(x @ self.dense_1 + self.bias_3)
        return x @ self.dense_2 + self.bias_4


class Adam:
    """The optimiser of Kingma and Ba (2015)."""

    def __init__(self, variables, rate):
        self.variables, self.rate = variables, rate
        self.step = tf.Variable(0.0)
        self.mean = [tf.Variable(tf.zeros_like(v)) for v in variables]
        self.square = [tf.Variable(tf.zeros_like(v)) for v in variables]

    def apply(self, gradients):
        self.step.assign_add(1.0)
        rate = self.rate * tf.sqrt(1 - 0.999**self.step) / (1 - 0.9**self.step)
        for v, m, s, g in zip(self.variables, self.mean, self.square, gradients):
            m.assign(0.9 * m + 0.1 * g)
            s.assign(0.999 * s + 0.001 * g * g)
            v.assign_sub(rate * m / (tf.sqrt(s) + 1e-7))


def accuracy(network, images, labels):
    hits = 0
    for start in range(0, len(images), 1000):
        guess = np.argmax(network(images[start : start + 1000]), axis=1)
        hits += int(np.sum(guess == labels[start : start + 1000]))
    return hits / len(images)


def report(group, iteration, **values):
    """One line of metrics where the service looks for them."""
    directory = os.environ.get("LOG_DIR")
    if not directory:
        return
    line = {
        "meta": {
            "training_id": os.environ.get("TRAINING_ID", ""),
            "time": int(time.time() * 1000),
            "rindex": 1,
        },
        "grouplabel": group,
        "etimes": {"iteration": {"type": 2, "value": str(iteration)}},
        "values": {name: {"type": 3, "value": str(v)} for name, v in values.items()},
    }
    with open(os.path.join(directory, "evaluation-metrics.txt"), "a") as file:
        file.write(json.dumps(line) + "\n")


def train(network, arguments, images, labels, held_images, held_labels):
    optimiser = Adam(network.trainable_variables, arguments.learningRate)

    @tf.function(input_signature=[tf.TensorSpec([BATCH, 28, 28, 1]), tf.TensorSpec([BATCH], tf.int64)])
    def step(batch, expected):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(expected, network(batch))
            loss = tf.reduce_mean(losses)
        optimiser.apply(tape.gradient(loss, network.trainable_variables))
        return loss

    shown, best, without_progress = 0, 0.0, 0
    order = np.random.default_rng(1)
    while shown < arguments.trainingIters and without_progress < PATIENCE:
        shuffled = order.permutation(len(images))
        for start in range(0, len(images) - BATCH + 1, BATCH):
            chosen = shuffled[start : start + BATCH]
            loss = step(images[chosen], labels[chosen])
            shown += BATCH
            if shown >= arguments.trainingIters:
                break
        held = accuracy(network, held_images, held_labels)
        print(f"Iter {shown}, loss {float(loss):.4f}, accuracy on held-back images {held:.4f}")
        report("train", shown, loss=float(loss), accuracy=held)
        without_progress = 0 if held > best else without_progress + 1
        best = max(best, held)
    return shown


def main():
    arguments = parse_arguments()
    tf.random.set_seed(1)
    images = input_data.read_images(arguments.trainImagesFile)
    labels = input_data.read_labels(arguments.trainLabelsFile)
    test_images = input_data.read_images(arguments.testImagesFile)
    test_labels = input_data.read_labels(arguments.testLabelsFile)
    devices = [device.name for device in tf.config.list_physical_devices("GPU")] or ["CPU"]
    print(f"TensorFlow {tf.__version__} on {', '.join(devices)}")
    print(f"{len(images)} training images, {len(test_images)} test images")

    split = int(len(images) * (1 - HELD_BACK))
    network = Network()
    shown = train(
        network, arguments, images[:split], labels[:split], images[split:], labels[split:]
    )
    result = accuracy(network, test_images, test_labels)
    report("test", shown, accuracy=result)

    model = os.path.join(os.environ.get("RESULT_DIR", "."), "model")
    tf.saved_model.save(network, model)
    print(f"Model saved in {model}")
    print(f"Test accuracy: {result:.4f}")


if __name__ == "__main__":
    main()
