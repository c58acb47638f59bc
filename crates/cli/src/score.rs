//! `rungkeeper score`: the probability of being resumed, for positions given as JSON lines.

use std::io::{self, BufRead, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use rungkeeper_score::{
    Horizon, PausedPosition, PromotionQuantile, PromotionRule, RankedPosition, ResumeProbability,
    ScoreSettings, rank_aware_probability, resume_probability,
};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::input;

/// Probability that a paused trial is resumed: JSON lines in, JSON lines out
///
/// Each line is an object with `rank` (1 = best), `rung_len`, `promotion_quantile` ([a, b]: the top
/// a/b is promoted), `p` (chance that an arrival ranks better) and `time_ratio` (time left over
/// time used). Optional: `approx_steps` (better arrivals followed, 25 unless given; null: no
/// cut-off), `promotion_rule` (`top_fraction`, the default, or `linear_quantile`), `horizon`
/// (`hard`, the default, or `first_term_kept`), and `model`: `bernoulli`, the default, or
/// `rank_aware`, where the rank itself says how likely an arrival is better. That needs no `p`,
/// and knows no cut-off and no horizon; `num_better`, the number of strictly better trials, is
/// `rank` - 1 unless given (fewer where others before the trial are its equals).
///
/// Out comes the same line with `probability` and `ln_probability` (null for minus infinity).
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Files to read; the standard input where none is named, or for `-`.
    files: Vec<PathBuf>,
}

/// The fields that are read. Others stay in the line as they are.
#[derive(Deserialize)]
struct Fields {
    rank: u64,
    num_better: Option<u64>,
    rung_len: u64,
    promotion_quantile: (u64, u64),
    /// Needed by one of the models only; null is no number all the same.
    #[serde(default, deserialize_with = "number")]
    p: Option<f64>,
    time_ratio: f64,
    #[serde(default = "approx_steps")]
    approx_steps: Option<u32>,
    #[serde(default)]
    promotion_rule: PromotionRule,
    #[serde(default)]
    horizon: Horizon,
    #[serde(default)]
    model: Model,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Model {
    #[default]
    Bernoulli,
    RankAware,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    f64::deserialize(deserializer).map(Some)
}

#[allow(clippy::unnecessary_wraps)] // the field's type
fn approx_steps() -> Option<u32> {
    ScoreSettings::default().approx_steps
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(io::stdout().lock());
    for path in input::or_standard_input(&arguments.files) {
        let mut reader = input::open(&path)?;
        let result = score_lines(&mut reader, &mut out);
        out.flush()?; // what was answered is not lost to a bad line after it
        result.with_context(|| input::name(&path))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn score_lines(reader: &mut dyn BufRead, out: &mut impl Write) -> anyhow::Result<()> {
    let mut text = String::new();
    for line in 1usize.. {
        text.clear();
        let read = reader.read_line(&mut text);
        if read.with_context(|| format!("line {line}"))? == 0 {
            break;
        }
        if !text.trim().is_empty() {
            let answer = score_line(&text).with_context(|| format!("line {line}"))?;
            writeln!(out, "{answer}")?;
        }
    }
    Ok(())
}

fn score_line(text: &str) -> anyhow::Result<Value> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string().replace(&place, "");
        anyhow::anyhow!("column {}: {message}", error.column())
    })?;
    let Value::Object(mut object) = value else {
        bail!("not a JSON object, but {value}");
    };
    let resumed = probability(&read(&object)?)?;
    // Minus infinity has no JSON number: null.
    let number = |number: f64| Value::from(number);
    object.insert("probability".to_owned(), number(resumed.probability()));
    object.insert(
        "ln_probability".to_owned(),
        number(resumed.ln_probability()),
    );
    Ok(Value::Object(object))
}

fn read(object: &Map<String, Value>) -> anyhow::Result<Fields> {
    serde_path_to_error::deserialize(Value::Object(object.clone())).map_err(|error| {
        match error.path().to_string().as_str() {
            "." => anyhow::anyhow!("{}", error.inner()),
            path => anyhow::anyhow!("{path}: {}", error.inner()),
        }
    })
}

fn probability(fields: &Fields) -> anyhow::Result<ResumeProbability> {
    let (a, b) = fields.promotion_quantile;
    let promotion_quantile = PromotionQuantile::new(a, b)?;
    let probability = match fields.model {
        Model::Bernoulli => {
            let position = PausedPosition {
                rank: fields.rank,
                rung_len: fields.rung_len,
                promotion_quantile,
                p: fields.p.context("missing field `p`")?,
                time_ratio: fields.time_ratio,
            };
            let settings = ScoreSettings {
                promotion_rule: fields.promotion_rule,
                horizon: fields.horizon,
                approx_steps: fields.approx_steps,
            };
            resume_probability(&position, &settings)?
        }
        Model::RankAware => {
            let position = RankedPosition {
                rank: fields.rank,
                num_better: (fields.num_better).unwrap_or(fields.rank.saturating_sub(1)),
                rung_len: fields.rung_len,
                promotion_quantile,
                time_ratio: fields.time_ratio,
            };
            rank_aware_probability(&position, fields.promotion_rule)?
        }
    };
    Ok(probability)
}
