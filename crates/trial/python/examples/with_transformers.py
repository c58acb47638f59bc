"""A small network that learns the sine, with the Trainer of Hugging Face."""

import torch
import transformers
from rungkeeper_trial import trial
from rungkeeper_trial_callbacks import transformers_callback


class Network(torch.nn.Module):
    """A layer of `width` units, which returns its loss."""

    def __init__(self, width):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(1, width), torch.nn.Tanh(), torch.nn.Linear(width, 1)
        )

    def forward(self, x, labels):
        """As the Trainer asks for it."""
        y = self.layers(x)
        return {"loss": torch.nn.functional.mse_loss(y, labels), "logits": y}


transformers.set_seed(1)
data = [
    {"x": [x], "labels": [y]} for x in torch.linspace(-3, 3, 128) for y in [x.sin()]
]
arguments = transformers.TrainingArguments(
    output_dir="saved-by-the-trainer",
    num_train_epochs=trial.get("epochs", 27),
    learning_rate=trial.get("lr", 0.05),
    lr_scheduler_type="constant",
    eval_strategy="epoch",
    save_strategy="epoch",
    report_to="none",
    use_cpu=True,
)
trainer = transformers.Trainer(
    Network(trial.get("width", 16)),
    arguments,
    train_dataset=data,
    eval_dataset=data,
    callbacks=[transformers_callback()],
)
trainer.train(resume_from_checkpoint=trial.checkpoint and str(trial.checkpoint))
