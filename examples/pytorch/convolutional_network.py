"""A small convolutional network for MNIST, trained with PyTorch.

--trainingIters is the number of training images to show at most; training ends earlier once images
that were held back are no longer recognised better. The model goes to $RESULT_DIR/model.
"""

import argparse
import os

import torch
from torch import nn

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


def make_network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(7 * 7 * 32, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def read(images_file, labels_file, device):
    images = torch.tensor(input_data.read_images(images_file)).permute(0, 3, 1, 2)
    labels = torch.tensor(input_data.read_labels(labels_file))
    return images.contiguous().to(device), labels.to(device)


@torch.no_grad()
def accuracy(network, images, labels):
    network.eval()
    hits = sum(
        (network(part).argmax(1) == expected).sum().item()
        for part, expected in zip(images.split(1000), labels.split(1000))
    )
    return hits / len(images)


def train(network, arguments, images, labels, held_images, held_labels):
    optimiser = torch.optim.Adam(network.parameters(), lr=arguments.learningRate)
    loss_of = nn.CrossEntropyLoss()
    shown, best, without_progress = 0, 0.0, 0
    while shown < arguments.trainingIters and without_progress < PATIENCE:
        network.train()
        for chosen in torch.randperm(len(images), device=images.device).split(BATCH):
            optimiser.zero_grad()
            loss = loss_of(network(images[chosen]), labels[chosen])
            loss.backward()
            optimiser.step()
            shown += len(chosen)
            if shown >= arguments.trainingIters:
                break
        held = accuracy(network, held_images, held_labels)
        print(f"Iter {shown}, loss {loss.item():.4f}, accuracy on held-back images {held:.4f}")
        without_progress = 0 if held > best else without_progress + 1
        best = max(best, held)


def main():
    arguments = parse_arguments()
    torch.manual_seed(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    images, labels = read(arguments.trainImagesFile, arguments.trainLabelsFile, device)
    test_images, test_labels = read(arguments.testImagesFile, arguments.testLabelsFile, device)
    print(f"PyTorch {torch.__version__} on {device}")
    print(f"{len(images)} training images, {len(test_images)} test images")

    split = int(len(images) * (1 - HELD_BACK))
    network = make_network().to(device)
    train(network, arguments, images[:split], labels[:split], images[split:], labels[split:])
    result = accuracy(network, test_images, test_labels)

    model = os.path.join(os.environ.get("RESULT_DIR", "."), "model")
    os.makedirs(model, exist_ok=True)
    torch.save(network.state_dict(), os.path.join(model, "mnist.pt"))
    print(f"Model saved in {model}")
    print(f"Test accuracy: {result:.4f}")


if __name__ == "__main__":
    main()
