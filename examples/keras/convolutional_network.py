"""A small convolutional network for MNIST, trained with Keras.

--trainingIters is the number of training images to show at most; training ends earlier once images
that were held back are no longer recognised better. The model goes to $RESULT_DIR/model.
"""

import argparse
import os

import keras

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


def make_network(learning_rate):
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(16, 5, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 5, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    network.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return network


def main():
    arguments = parse_arguments()
    keras.utils.set_random_seed(1)
    images = input_data.read_images(arguments.trainImagesFile)
    labels = input_data.read_labels(arguments.trainLabelsFile)
    test_images = input_data.read_images(arguments.testImagesFile)
    test_labels = input_data.read_labels(arguments.testLabelsFile)
    print(f"Keras {keras.__version__} with {keras.backend.backend()}")
    print(f"{len(images)} training images, {len(test_images)} test images")

    network = make_network(arguments.learningRate)
    shown_in_an_epoch = int(len(images) * (1 - HELD_BACK))
    network.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=max(1, arguments.trainingIters // shown_in_an_epoch),
        validation_split=HELD_BACK,
        callbacks=[
            keras.callbacks.EarlyStopping(
                "val_accuracy", patience=PATIENCE, restore_best_weights=True
            )
        ],
        verbose=2,
    )
    _, result = network.evaluate(test_images, test_labels, batch_size=1000, verbose=0)

    model = os.path.join(os.environ.get("RESULT_DIR", "."), "model")
    os.makedirs(model, exist_ok=True)
    network.save(os.path.join(model, "mnist.keras"))
    print(f"Model saved in {model}")
    print(f"Test accuracy: {result:.4f}")


if __name__ == "__main__":
    main()
