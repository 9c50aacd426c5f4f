//! How a process changes its own configuration: read as a whole first, written, gone on with.

use std::io;
use std::path::{Path, PathBuf};

use vouchmq_api::management::{Edit, Kept, KeyChange};
use vouchmq_config::{Outcome, Overrides};

use super::asked::{Asked, Wanted};
use super::drafted::Refused;
use super::log;
use super::running::Running;
use crate::configuration::{self, Drafts, Mistake, Written};

/// A file that is to be written.
pub(super) struct ToWrite {
    path: PathBuf,
    text: String,
    /// What to do instead, where it cannot be written.
    instead: &'static str,
}

const OVERRIDES: &str = "the data directory has to be writable by the broker";
const FILE: &str = "let the broker's user write the file and its directory, or change single keys ('vouchmq config \
                    set'), which are kept in the data directory";

impl Running {
    /// The file of `--config`, without what is secret in it.
    ///
    /// # Errors
    /// There is none, or it cannot be understood.
    pub(super) async fn text(&self) -> Result<String, Vec<Mistake>> {
        self.read(|asked| {
            let path = file_of(asked)?;
            let text = text_of(&path)?.unwrap_or_default();
            vouchmq_config::without_secrets(&text).map_err(|mistakes| {
                let at = |(line, text): (String, String)| {
                    Mistake::new(format_args!("{}: {line}", path.display()), text)
                };
                mistakes.into_iter().map(at).collect()
            })
        })
        .await
    }
}

impl ToWrite {
    /// Writes it.
    pub(super) fn write(self) -> Result<Written, Vec<Mistake>> {
        let Self { path, text, instead } = self;
        configuration::write(&path, &text).map_err(|error| {
            let text = format!("cannot be written: {error}; {instead}");
            vec![Mistake::new(path.display(), text)]
        })
    }
}

/// What would be read and written with an edit. `before` is what is in force where not everything may be changed.
///
/// # Errors
/// All that is wrong, or what may not be changed.
pub(super) fn wanted(
    asked: &Asked,
    edit: Edit,
    before: Option<&Outcome>,
) -> Result<(Wanted, Option<ToWrite>), Refused> {
    let (drafts, file) = match edit {
        Edit::Reload => return Ok((asked.read()?, None)),
        Edit::Keys(changes) => changed(asked, &changes)?,
        Edit::File(text) => replaced(asked, text)?,
        Edit::Rollback(kept) => rolled_back(asked, kept)?,
    };
    if let Some(before) = before {
        let guarded = guarded(asked, &drafts, before);
        if !guarded.is_empty() {
            return Err(Refused::Guarded(guarded));
        }
    }
    let mut wanted = asked.read_with(&drafts)?;
    if !drafts.was_there {
        keeps_log_in_place(asked, &wanted)?;
    }
    if drafts.file.is_some() && !wanted.outcome.has_said() {
        let text = "it says nothing: everything would be as it is without a file; write at least one key";
        return Err(vec![Mistake::new(file.path.display(), text)].into());
    }
    if drafts.file.is_some() {
        warn_of_overrides(asked, &mut wanted);
    }
    Ok((wanted, Some(file)))
}

/// Guarded keys that drafts would change: against what is in force, and against what files say that nobody has read
/// yet. No other file is looked at that they name: what is wrong with it is nobody's business who may not name it.
fn guarded(asked: &Asked, drafts: &Drafts, before: &Outcome) -> Vec<String> {
    let resolved =
        |drafts: &Drafts| vouchmq_config::resolve(configuration::layers_with(asked.said(), drafts));
    let after = resolved(drafts);
    let mut keys = after.guarded_changes(before);
    keys.extend(after.guarded_changes(&resolved(&Drafts::default())));
    keys.sort();
    keys.dedup();
    keys
}

fn changed(asked: &Asked, changes: &[KeyChange]) -> Result<(Drafts, ToWrite), Vec<Mistake>> {
    let path = configuration::overrides_of(asked.said());
    let before = text_of(&path)?.unwrap_or_default();
    let mut overrides = Overrides::read(&before).map_err(mistakes)?;
    let wrong =
        changes.iter().filter_map(|KeyChange { key, value }| overrides.change(key, value.as_deref()).err());
    let wrong: Vec<_> = wrong.collect();
    if !wrong.is_empty() {
        return Err(mistakes(wrong));
    }
    let text = overrides.text().map_err(|fault| vec![Mistake::new("configuration", fault)])?;
    let drafts = Drafts { overrides: Some(text.clone()), ..Drafts::default() };
    let overruled = overruled(asked, &overrides, &drafts);
    if !overruled.is_empty() {
        return Err(overruled);
    }
    Ok((drafts, ToWrite { path, text, instead: OVERRIDES }))
}

/// Keys that would be changed and would not count.
fn overruled(asked: &Asked, overrides: &Overrides, drafts: &Drafts) -> Vec<Mistake> {
    let layers = configuration::layers_with(asked.said(), drafts);
    let stronger = overrides.overruled(&layers).into_iter();
    let by_flags = overrides.keys_set().into_iter();
    let by_flags = by_flags.filter_map(|key| asked.overruling(&key).map(|(flag, _)| (key, flag.to_owned())));
    let told = |(key, origin)| {
        let text = format!("{origin} says what it is, and is above what is changed here; change it there");
        Mistake::new(key, text)
    };
    stronger.chain(by_flags).map(told).collect()
}

fn replaced(asked: &Asked, text: String) -> Result<(Drafts, ToWrite), Vec<Mistake>> {
    let path = file_of(asked)?;
    // What cannot be read is told with all that is wrong.
    let hidden = vouchmq_config::hidden_left(&text).unwrap_or_default();
    if !hidden.is_empty() {
        let told = |(line, key): (String, String)| {
            let text = format!("{key} has what only stands for a secret; write the secret");
            Mistake::new(format_args!("{}: {line}", path.display()), text)
        };
        return Err(hidden.into_iter().map(told).collect());
    }
    let drafts = Drafts { file: Some(text.clone()), ..Drafts::default() };
    Ok((drafts, ToWrite { path, text, instead: FILE }))
}

/// Says what a new file does not change.
fn warn_of_overrides(asked: &Asked, wanted: &mut Wanted) {
    let overrides = configuration::overrides_of(asked.said()).display().to_string();
    let above = wanted.outcome.effective().filter(|value| value.origin.starts_with(&overrides));
    let above =
        above.map(|value| format!("{}: {overrides} says what it is, whatever the file says", value.key));
    wanted.people.warnings.extend(above);
}

fn rolled_back(asked: &Asked, kept: Kept) -> Result<(Drafts, ToWrite), Vec<Mistake>> {
    let (path, instead) = match kept {
        Kept::Overrides => (configuration::overrides_of(asked.said()), OVERRIDES),
        Kept::File => (file_of(asked)?, FILE),
    };
    let Some(text) = text_of(&configuration::kept_of(&path))? else {
        let text = "nothing was changed over this API before, so nothing can be put back";
        return Err(vec![Mistake::new(path.display(), text)]);
    };
    let drafts = match kept {
        Kept::Overrides => Drafts { overrides: Some(text.clone()), ..Drafts::default() },
        Kept::File => Drafts { file: Some(text.clone()), was_there: true, ..Drafts::default() },
    };
    Ok((drafts, ToWrite { path, text, instead }))
}

/// What is logged holds names that clients choose: over the API it goes to no other folder.
fn keeps_log_in_place(asked: &Asked, wanted: &Wanted) -> Result<(), Vec<Mistake>> {
    let before = configuration::outcome(asked.said()).config;
    let file = &wanted.config.log.file;
    if before.as_ref().is_some_and(|before| before.log.file == *file) {
        return Ok(());
    }
    let folders = before.as_ref().map(|before| [before.log.file.parent(), Some(&*before.system.data)]);
    if folders.into_iter().flatten().flatten().any(|folder| log::is_below(file, folder)) {
        return Ok(());
    }
    let text = format!(
        "{} lies neither below the folder of the log nor below the data directory; write log.dir into the file on \
         this machine",
        file.display()
    );
    Err(vec![Mistake::new("log.file", text)])
}

/// The file of `--config`; behind a link, if it is one.
fn file_of(asked: &Asked) -> Result<PathBuf, Vec<Mistake>> {
    let Some(path) = &asked.said().file else {
        let text = "the process was started without one; start it with --config FILE, or change single keys \
                    ('vouchmq config set')";
        return Err(vec![Mistake::new("configuration file", text)]);
    };
    path.canonicalize().map_err(|error| unreadable(path, &error))
}

fn text_of(path: &Path) -> Result<Option<String>, Vec<Mistake>> {
    configuration::text_of(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Vec<Mistake> {
    vec![Mistake::new(path.display(), format_args!("cannot be read: {error}"))]
}

fn mistakes(told: Vec<(String, String)>) -> Vec<Mistake> {
    told.into_iter().map(|(place, text)| Mistake::new(place, text)).collect()
}
