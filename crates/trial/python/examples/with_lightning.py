"""A small network that learns the sine, with Lightning."""

import lightning
import torch
from rungkeeper_trial import trial
from rungkeeper_trial_callbacks import lightning_callback


class Network(lightning.LightningModule):
    """A layer of `width` units."""

    def __init__(self, lr, width):
        super().__init__()
        self.lr = lr
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(1, width), torch.nn.Tanh(), torch.nn.Linear(width, 1)
        )

    def training_step(self, batch, _):
        """The loss of a batch."""
        x, y = batch
        return torch.nn.functional.mse_loss(self.layers(x), y)

    def validation_step(self, batch, _):
        """What is reported."""
        self.log("loss", self.training_step(batch, _))

    def configure_optimizers(self):
        """With momentum, which a checkpoint has to hold."""
        return torch.optim.SGD(self.parameters(), lr=self.lr, momentum=0.9)


lightning.seed_everything(1)
x = torch.linspace(-3, 3, 128)[:, None]
data = torch.utils.data.TensorDataset(x, torch.sin(x))
trainer = lightning.Trainer(
    max_epochs=trial.get("epochs", 27),
    callbacks=[lightning_callback()],
    enable_checkpointing=False,
    logger=False,
    accelerator="cpu",
)
trainer.fit(
    Network(trial.get("lr", 0.05), trial.get("width", 16)),
    torch.utils.data.DataLoader(data, batch_size=8),
    torch.utils.data.DataLoader(data, batch_size=128),
    ckpt_path=trial.saved("lightning.ckpt"),
)
