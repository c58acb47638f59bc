"""A small network that learns the sine, with PyTorch."""

import argparse

import torch
from rungkeeper_trial import trial

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--width", type=int, default=16)
parser.add_argument("--epochs", type=int, default=27)
args = parser.parse_args()

torch.manual_seed(1)
x = torch.linspace(-3, 3, 128)[:, None]
y = torch.sin(x)
model = torch.nn.Sequential(
    torch.nn.Linear(1, args.width), torch.nn.Tanh(), torch.nn.Linear(args.width, 1)
)
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
for epoch in trial.epochs(args.epochs, model, optimizer):
    for batch in range(16):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x[batch::16]), y[batch::16])
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        trial.report(loss=torch.nn.functional.mse_loss(model(x), y))
