//! `quell workflow test`: finds the cases of workflows, has them tried, shows what came of them. What a case means is
//! left to the crate `rehearsal`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ::workflow::Surroundings;
use clap::Args;
use rehearsal::{Files, Report, Tone};

use crate::cli::page::{self, Line, Page, Style};
use crate::cli::terminal::{self, Terminal};
use crate::cli::{Error, files};

/// What `quell workflow test` is given
#[derive(Debug, Args)]
pub struct Test {
    /// Workflow files, whose cases are in `tests/` beside them under the same name, or files of cases
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only the cases whose names have this text in them; may be given more than once
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Fail as well when no case tries something that can happen in a workflow
    #[arg(long, conflicts_with = "cases")]
    complete: bool,
    /// Write a first case for a workflow that has none
    #[arg(long, conflicts_with_all = ["cases", "complete", "json"])]
    init: bool,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
}

impl Test {
    pub fn run(self, terminal: &Terminal) -> Result<(), Error> {
        if self.init {
            return self.files.iter().try_for_each(|file| terminal.print(&init(file)?));
        }
        let mut reports = vec![];
        let mut good = true;
        for file in &self.files {
            match report(file, &self.cases) {
                Ok(report) => {
                    if !self.json {
                        terminal.print(&shown(&report))?;
                    }
                    good &= report.passed() && (report.is_complete() || !self.complete);
                    reports.push(report);
                }
                // The other files are tried as well.
                Err(error @ (Error::Problems { .. } | Error::Failed { .. })) => {
                    terminal::note(&error.page());
                    good = false;
                }
                Err(error) => return Err(error),
            }
        }
        if self.json {
            terminal.print_json(&reports)?;
        }
        if good && !self.cases.is_empty() && reports.iter().all(|report| report.cases.is_empty()) {
            return Err(Error::usage(format!("no case has `{}` in its name", self.cases.join("` or `"))));
        }
        if good { Ok(()) } else { Err(Error::Reported) }
    }
}

/// Files beside a file of cases.
struct Beside(PathBuf);

impl Files for Beside {
    fn read(&self, path: &str) -> Result<String, String> {
        fs::read_to_string(self.0.join(path)).map_err(|error| error.to_string())
    }
}

fn report(file: &Path, wanted: &[String]) -> Result<Report, Error> {
    let text = files::text(file)?;
    let (file, text) = if rehearsal::holds_cases(&text) { (file.to_owned(), text) } else { cases_of(file)? };
    let suite = rehearsal::load(&file.display().to_string(), &text, &beside(&file)).map_err(problems(&file))?;
    Ok(rehearsal::run(&suite, wanted))
}

/// The cases of a workflow file.
fn cases_of(workflow: &Path) -> Result<(PathBuf, String), Error> {
    let file = place_of_cases(workflow);
    match fs::read_to_string(&file) {
        Ok(text) => Ok((file, text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Failed {
            message: format!("`{}` has no cases: there is no `{}`", workflow.display(), file.display()),
            help: Some(format!("`quell workflow test --init {}` writes a first one", workflow.display())),
        }),
        Err(error) => Err(Error::file(&file)(error)),
    }
}

fn place_of_cases(workflow: &Path) -> PathBuf {
    let folder = workflow.parent().unwrap_or(Path::new(""));
    folder.join("tests").join(workflow.file_name().unwrap_or_default())
}

fn beside(file: &Path) -> Beside {
    Beside(file.parent().unwrap_or(Path::new("")).to_owned())
}

fn problems(file: &Path) -> impl FnOnce(::workflow::Problems) -> Error {
    let file = file.to_owned();
    move |problems| Error::Problems { file, text: problems.render(false) }
}

/// Writes a first case, and overwrites nothing.
fn init(file: &Path) -> Result<Page, Error> {
    let source = files::text(file)?;
    let workflow = ::workflow::load(&file.display().to_string(), &source, &Surroundings::default());
    let workflow = workflow.map_err(problems(file))?;
    let cases = place_of_cases(file);
    let folder = cases.parent().unwrap_or(Path::new("")).to_owned();
    let failed = |error: io::Error| Error::Failed {
        message: format!("`{}` cannot be written: {error}", cases.display()),
        help: None,
    };
    if cases.exists() {
        return Err(Error::usage(format!("`{}` is there already", cases.display())));
    }
    // What is beside the cases is found from their folder.
    fs::create_dir_all(&folder).map_err(failed)?;
    let text = rehearsal::draft(&cases.display().to_string(), &workflow, &Beside(folder));
    let text = text.map_err(problems(&cases))?;
    fs::write(&cases, text).map_err(failed)?;
    Ok(page::line(format!("wrote a first case to {}; make it what the workflow should do", cases.display())))
}

fn shown(report: &Report) -> Page {
    let lines = report
        .lines()
        .into_iter()
        .map(|line| line.into_iter().fold(Line::default(), |shown, (tone, text)| shown.and(style(tone), text)));
    lines.collect()
}

fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::Plain,
        Tone::Good => Style::Good,
        Tone::Bad => Style::Bad,
        Tone::Attention => Style::Attention,
        Tone::Dim => Style::Dim,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKFLOW: &str = "name: contain\nsteps:\n  - { id: act, plugin: isolate }\n";

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("contain.yaml");
        fs::write(&file, WORKFLOW).unwrap();
        (folder, file)
    }

    #[test]
    fn a_workflow_without_cases_is_told_how_to_begin_and_a_first_case_passes() {
        let (_folder, file) = folder();
        let error = report(&file, &[]).unwrap_err().page().render(false);
        assert!(error.contains("help: `quell workflow test --init "), "{error}");
        init(&file).unwrap();
        let report = report(&file, &[]).unwrap();
        assert!(report.passed() && !report.is_complete(), "{}", shown(&report).render(false));
        assert!(init(&file).is_err(), "a file is overwritten");
    }

    #[test]
    fn cases_are_found_by_their_workflow_and_by_themselves() {
        let (_folder, file) = folder();
        init(&file).unwrap();
        for file in [file.clone(), place_of_cases(&file)] {
            assert_eq!(report(&file, &[]).unwrap().cases.len(), 1);
        }
    }
}
