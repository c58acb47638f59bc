//! What is asked on a terminal.

use std::io::{self, BufRead, Write};
use std::ops::RangeInclusive;

use super::Arguments;
use super::parameter;
use super::template::Settings;

/// Asks for what was not given; an empty answer takes what stands in brackets.
pub(super) fn ask(
    given: &Arguments,
    settings: &mut Settings,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut asking = Asking { input, out };
    if given.name.is_none() {
        settings.name = asking.text("name of the experiment", &settings.name)?;
    }
    if given.command.is_none() {
        let example = settings.command.join(" ");
        let read = |text: &str| super::command(text).map(|super::Command(words)| words);
        settings.command = asking.checked("training command", &example, read)?;
        settings.has_example_command = false;
    }
    if given.metric.is_none() {
        settings.metric = asking.text("key of the metric in a report", &settings.metric)?;
    }
    if given.mode.is_none() {
        settings.mode = asking.checked(
            "a good metric is small or large: min or max",
            &super::usual(&settings.metric),
            |text| match text {
                "min" | "max" => Ok(text.to_owned()),
                _ => Err("write min or max".to_owned()),
            },
        )?;
    }
    if given.resource.is_none() {
        settings.resource = asking.text("key of the resource in a report", &settings.resource)?;
    }
    if given.max_resource.is_none() {
        let question = format!("largest {} of a trial", settings.resource.escape_default());
        settings.max_resource = asking.number(&question, settings.max_resource, 2..=1 << 53)?;
    }
    if given.workers.is_none() {
        settings.workers =
            asking.number("trials that run at a time", settings.workers, 1..=4096)?;
    }
    if given.max_checkpoints.is_none() {
        // Each trial that runs needs a place, and so does the best that has ended.
        let most = settings.workers + 1..=u64::MAX;
        let example = super::room(settings.workers);
        settings.max_checkpoints = asking.number("checkpoints to keep at most", example, most)?;
    }
    if given.parameters.is_empty() {
        writeln!(
            asking.out,
            "parameters, such as lr=loguniform:1e-4:1, width=int:16:256, act=choice:relu:tanh"
        )?;
        loop {
            let answer = asking.checked("a parameter, or nothing more", "", |text| {
                if text.is_empty() {
                    return Ok(None);
                }
                parameter::read(text).map(Some)
            })?;
            match answer {
                Some(parameter) => settings.parameters.push(parameter),
                None => break,
            }
        }
    }
    Ok(())
}

struct Asking<'a, R, W> {
    input: &'a mut R,
    out: &'a mut W,
}

impl<R: BufRead, W: Write> Asking<'_, R, W> {
    fn text(&mut self, question: &str, example: &str) -> io::Result<String> {
        self.checked(question, example, |text| Ok(text.to_owned()))
    }

    fn number(
        &mut self,
        question: &str,
        example: u64,
        range: RangeInclusive<u64>,
    ) -> io::Result<u64> {
        self.checked(question, &example.to_string(), |text| match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            Ok(number) if number > *range.end() => {
                Err(format!("write a whole number, at most {}", range.end()))
            }
            _ => Err(format!("write a whole number, {} or more", range.start())),
        })
    }

    /// Asks until the answer is one. At the end of the input the example counts.
    fn checked<T>(
        &mut self,
        question: &str,
        example: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> io::Result<T> {
        loop {
            let shown = if example.is_empty() {
                String::new()
            } else {
                format!(" [{example}]")
            };
            write!(self.out, "{question}{shown}: ")?;
            self.out.flush()?;
            let mut line = String::new();
            let is_over = self.input.read_line(&mut line)? == 0;
            let answer = match line.trim() {
                "" => example,
                answer => answer,
            };
            match read(answer) {
                Ok(answer) => return Ok(answer),
                Err(why) if is_over => {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
                }
                Err(why) => writeln!(self.out, "{why}")?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use rungkeeper_runner::experiment::Experiment;

    use super::*;
    use crate::init::{settings, template};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn answered(options: &[&str], answers: &str) -> (String, String) {
        let line = ["init"].iter().chain(options);
        let arguments = Line::parse_from(line).arguments;
        let mut settings = settings(&arguments);
        let mut out = Vec::new();
        ask(&arguments, &mut settings, &mut answers.as_bytes(), &mut out).unwrap();
        settings.complete();
        (template::text(&settings), String::from_utf8(out).unwrap())
    }

    /// Wrong answers are asked for again, and empty ones take what stands in brackets.
    #[test]
    fn what_is_not_given_is_asked() {
        let answers = "digits\n\naccuracy\nhigh\nmax\n\n1\n81\n5000\n4\n3\n9\nlr=loguniform:1:x\nlr=loguniform:1e-4:1\nn=flag\n\n";
        let (text, said) = answered(&[], answers);
        let experiment = Experiment::read(&text).unwrap();
        assert_eq!(experiment.name, "digits");
        assert_eq!(
            experiment.command,
            ["python3", "train.py", "--lr", "{lr}", "{n}"]
        );
        assert_eq!(experiment.names.metric, "accuracy");
        assert_eq!(experiment.scheduler.max_resource, 81);
        assert_eq!(experiment.workers, 4);
        assert_eq!(experiment.budget.max_checkpoints, Some(9));
        assert_eq!(
            experiment.scheduler.model.mode,
            rungkeeper_rung_model::Mode::Max
        );
        for question in [
            "write min or max",
            "a whole number, 2 or more",
            "a time [1]: write a whole number, at most 4096",
            "at most [11]: write a whole number, 5 or more",
            "high is x, but must be a number",
        ] {
            assert!(said.contains(question), "{said}");
        }
        assert!(
            said.contains("key of the resource in a report [epoch]: "),
            "{said}"
        );
    }

    /// What is usual for a metric of that name is offered, and stands in a file that nobody was asked about.
    #[test]
    fn the_mode_goes_with_the_metric() {
        let mode = |text: &str| Experiment::read(text).unwrap().scheduler.model.mode;
        for (metric, expected) in [
            ("val_accuracy", rungkeeper_rung_model::Mode::Max),
            ("eval.loss", rungkeeper_rung_model::Mode::Min),
        ] {
            let (text, said) = answered(&[], &format!("\n\n{metric}\n"));
            assert_eq!(mode(&text), expected, "{text}");
            let offered = format!("min or max [{}]: ", crate::init::usual(metric));
            assert!(said.contains(&offered), "{said}");
            let line = Line::parse_from(["init", "--metric", metric]);
            let mut settings = settings(&line.arguments);
            settings.complete();
            assert_eq!(mode(&template::text(&settings)), expected, "{metric}");
            let line = Line::parse_from(["init", "--metric", metric, "--mode", "min"]);
            assert_eq!(crate::init::settings(&line.arguments).mode, "min");
        }
    }

    /// What options say is not asked, and the file's reader likes what was written.
    #[test]
    fn what_is_given_is_not_asked() {
        let options = [
            "--name",
            "it's \"mine\"\u{7f}",
            "--command",
            "sh 'my train.sh' -x {width}",
            "--metric",
            "a.b",
            "--mode",
            "max",
            "--resource",
            "st\\ep",
            "--max-resource",
            "9",
            "--workers",
            "2",
            "--max-checkpoints",
            "8",
            "--parameter",
            "width=int:4:8",
            "--parameter",
            "a b=0.5",
        ];
        let (text, said) = answered(&options, "");
        assert_eq!(said, "");
        let experiment = Experiment::read(&text).unwrap();
        assert_eq!(experiment.name, "it's \"mine\"\u{7f}");
        assert_eq!(experiment.names.resource, "st\\ep");
        assert_eq!(
            experiment.command,
            ["sh", "my train.sh", "-x", "{width}", "--a b", "{a b}"]
        );
        for line in text.lines() {
            assert!(line.chars().count() <= 120, "{line}");
        }
    }
}
