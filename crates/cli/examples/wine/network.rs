//! Layers of tanh units below a softmax, trained by gradient descent with momentum.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::wine::Wine;

/// How the weights follow the gradient.
#[derive(clap::Args)]
pub(crate) struct Descent {
    #[arg(long)]
    learning_rate: f32,
    #[arg(long)]
    momentum: f32,
    #[arg(long)]
    weight_decay: f32,
    /// Wines whose mean gradient makes one step
    #[arg(long)]
    batch: usize,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Network {
    layers: Vec<Layer>,
}

#[derive(Deserialize, Serialize)]
struct Layer {
    inputs: usize,
    /// A row for each unit: a weight for each input, then the bias.
    weights: Vec<f32>,
    velocity: Vec<f32>,
}

impl Network {
    /// Random weights for layers of the given widths, the inputs first.
    pub(crate) fn new(widths: &[usize], random: &mut impl Rng) -> Self {
        let layers = widths.windows(2).map(|pair| {
            let (inputs, number) = (pair[0], (pair[0] + 1) * pair[1]);
            let range = (1.0 / inputs as f32).sqrt();
            let weights = (0..number).map(|_| random.random_range(-range..range));
            Layer {
                inputs,
                weights: weights.collect(),
                velocity: vec![0.0; number],
            }
        });
        Self {
            layers: layers.collect(),
        }
    }

    /// An epoch: all wines once, in random order.
    pub(crate) fn train(&mut self, wines: &[Wine], descent: &Descent, random: &mut impl Rng) {
        let mut order: Vec<&Wine> = wines.iter().collect();
        order.shuffle(random);
        for batch in order.chunks(descent.batch.max(1)) {
            let zeros = |layer: &Layer| vec![0.0; layer.weights.len()];
            let mut gradient: Vec<Vec<f32>> = self.layers.iter().map(zeros).collect();
            for wine in batch {
                self.add_gradient(wine, &mut gradient);
            }
            for (layer, gradient) in self.layers.iter_mut().zip(&gradient) {
                layer.step(gradient, batch.len() as f32, descent);
            }
        }
    }

    /// Mean log loss, and the share of wrong grades.
    pub(crate) fn evaluate(&self, wines: &[Wine]) -> (f32, f32) {
        let (mut log_loss, mut wrong) = (0.0, 0.0);
        for wine in wines {
            let outputs = self.outputs(wine);
            let logs = log_softmax(&outputs[self.layers.len()]);
            log_loss -= logs[wine.grade];
            let best = logs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            wrong += f32::from(!(logs[wine.grade] >= best)); // NaN is wrong
        }
        let number = wines.len() as f32;
        (log_loss / number, wrong / number)
    }

    /// What each layer puts out, the measurements first; the last one before the softmax.
    fn outputs(&self, wine: &Wine) -> Vec<Vec<f32>> {
        let mut outputs = vec![wine.measured.to_vec()];
        for (index, layer) in self.layers.iter().enumerate() {
            let mut output = layer.sums(&outputs[index]);
            if index + 1 < self.layers.len() {
                for sum in &mut output {
                    *sum = sum.tanh();
                }
            }
            outputs.push(output);
        }
        outputs
    }

    /// Backpropagation of the log loss.
    fn add_gradient(&self, wine: &Wine, gradient: &mut [Vec<f32>]) {
        let outputs = self.outputs(wine);
        let logs = log_softmax(&outputs[self.layers.len()]);
        let mut errors: Vec<f32> = logs.iter().map(|log| log.exp()).collect();
        errors[wine.grade] -= 1.0;
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let input = &outputs[index];
            let mut below = vec![0.0; layer.inputs];
            let rows = gradient[index].chunks_mut(layer.inputs + 1);
            for ((row, weights), error) in rows.zip(layer.rows()).zip(&errors) {
                row[layer.inputs] += error;
                for i in 0..layer.inputs {
                    row[i] += error * input[i];
                    below[i] += error * weights[i];
                }
            }
            // The slope of tanh, from its value; below the first layer nothing is left to do.
            let slopes = input.iter().map(|value| 1.0 - value * value);
            errors = below.iter().zip(slopes).map(|(b, s)| b * s).collect();
        }
    }
}

impl Layer {
    fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.weights.chunks(self.inputs + 1)
    }

    fn sums(&self, input: &[f32]) -> Vec<f32> {
        let sum = |row: &[f32]| {
            let products = row.iter().zip(input).map(|(weight, value)| weight * value);
            products.sum::<f32>() + row[self.inputs]
        };
        self.rows().map(sum).collect()
    }

    fn step(&mut self, gradient: &[f32], batch: f32, descent: &Descent) {
        let moved = self.weights.iter_mut().zip(&mut self.velocity);
        for ((weight, velocity), gradient) in moved.zip(gradient) {
            let slope = gradient / batch + descent.weight_decay * *weight;
            *velocity = descent.momentum * *velocity - descent.learning_rate * slope;
            *weight += *velocity;
        }
    }
}

/// Logarithms of the chances of the grades.
fn log_softmax(sums: &[f32]) -> Vec<f32> {
    let largest = sums.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = sums.iter().map(|sum| (sum - largest).exp()).sum();
    sums.iter().map(|sum| sum - largest - total.ln()).collect()
}
