//! The data: 1599 red wines, as `linfa-datasets` ships them.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

/// Measurements of a wine: acidity, sugar, sulphates, alcohol and so on.
pub(crate) const MEASUREMENTS: usize = 11;

/// Grades that occur: 3 to 8.
pub(crate) const GRADES: usize = 6;

/// Every fifth wine checks what is learned from the others.
const FOLDS: usize = 5;

/// A wine.
pub(crate) struct Wine {
    /// With mean 0 and variance 1 over the wines that are learned from.
    pub(crate) measured: [f32; MEASUREMENTS],
    /// From 0, the worst.
    pub(crate) grade: usize,
}

/// The wines to learn from and the ones to check with, the same for all trials.
pub(crate) fn split() -> (Vec<Wine>, Vec<Wine>) {
    let data = linfa_datasets::winequality();
    let rows = data.records().outer_iter().zip(data.targets());
    let mut wines: Vec<Wine> = rows
        .map(|(row, grade)| Wine {
            measured: std::array::from_fn(|i| row[i] as f32),
            grade: grade - 3,
        })
        .collect();
    wines.shuffle(&mut Pcg64::seed_from_u64(0));
    let learn = wines.split_off(wines.len() / FOLDS);
    standardize(learn, wines)
}

fn standardize(mut learn: Vec<Wine>, mut check: Vec<Wine>) -> (Vec<Wine>, Vec<Wine>) {
    let number = learn.len() as f32;
    for i in 0..MEASUREMENTS {
        let mean = learn.iter().map(|wine| wine.measured[i]).sum::<f32>() / number;
        let squares = learn.iter().map(|wine| (wine.measured[i] - mean).powi(2));
        let deviation = (squares.sum::<f32>() / number).sqrt();
        for wine in learn.iter_mut().chain(&mut check) {
            wine.measured[i] = (wine.measured[i] - mean) / deviation;
        }
    }
    (learn, check)
}
