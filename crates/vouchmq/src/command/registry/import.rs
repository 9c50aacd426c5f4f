//! `vouchmq import`: what an export or another broker knows.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::Value;
use vouchmq_client::dto::import::ImportReport;

use super::Act;
use super::input::word;
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;
use crate::output;

mod file;

use file::Input;

const FORMATS: &[&str] = &["native", "emqx", "mosquitto", "nanomq", "csv"];
const ALGORITHMS: &[&str] = &["sha256", "sha512", "bcrypt", "pbkdf2", "plain"];
const HEADING: &str = "Format emqx, as its authenticator is configured";

const ROWS: Resource = Resource {
    plural: "rows",
    columns: &[
        Column::listed("row", "row"),
        Column::listed("id", "id"),
        Column::listed("code", "code"),
        Column::listed("why", "detail"),
    ],
};

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Import {
    /// The file; '-' is standard input
    file: PathBuf,
    /// What the file is: an export of ours; users of EMQX, Mosquitto (password file or dynamic-security.json) or
    /// NanoMQ; or a table
    #[arg(long, value_parser = word(FORMATS))]
    format: String,
    /// Enter devices into this product; an export has its own
    #[arg(
        long,
        value_name = "KEY-OR-ID",
        value_parser = NonEmptyStringValueParser::new(),
        required_if_eq_any = [("format", "emqx"), ("format", "mosquitto"), ("format", "nanomq"), ("format", "csv")]
    )]
    product: Option<String>,
    /// Change nothing, and tell what would come of it
    #[arg(long)]
    dry_run: bool,
    /// Everything or nothing: at most 5000 rows [default: what is right is entered]
    #[arg(long)]
    atomic: bool,
    /// Give devices that are here the credentials of the file too [default: they stay as they are]
    #[arg(long)]
    update: bool,
    /// Import without these fields, which say what would be lost: is_superuser, roles, groups, clientid
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    ignore: Vec<String>,
    #[command(flatten)]
    emqx: Emqx,
}

#[derive(Debug, Args)]
#[group(skip)]
struct Emqx {
    /// How passwords are hashed [default: sha256]
    #[arg(long, help_heading = HEADING, value_parser = word(ALGORITHMS))]
    algorithm: Option<String>,
    /// Where the salt stands [default: prefix]
    #[arg(long, help_heading = HEADING, value_name = "PLACE", value_parser = word(&["prefix", "suffix", "disable"]))]
    salt_position: Option<String>,
    /// The function of pbkdf2
    #[arg(long, help_heading = HEADING, value_name = "FUNCTION", value_parser = word(&["sha256", "sha512"]))]
    mac_fun: Option<String>,
    /// The iterations of pbkdf2
    #[arg(long, help_heading = HEADING, value_name = "NUMBER")]
    iterations: Option<u32>,
}

impl Act for Import {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        self.emqx.is_for(&self.format)?;
        let input = Input::open(&self.file)?;
        let path = self.path(operator).await?;
        // Nothing is sent to somebody who does not take it: who is refused while sending may not hear why.
        let asked = path.clone().with("dry_run", Some("true"));
        operator.upload(&asked, file::nothing()).await?;
        let path = path.with("dry_run", self.dry_run.then_some("true"));
        let (parts, fault) = input.parts();
        let answer = operator.upload(&path, parts).await;
        fault.told()?;
        let answer = answer?;
        let report: ImportReport = serde_json::from_value(answer.clone()).map_err(|why| {
            Failure::failed(format_args!("the server answers otherwise than this version expects: {why}"))
        })?;
        self.tell(operator, &answer, &report)
    }
}

impl Import {
    async fn path(&self, operator: &Operator) -> Result<ApiPath, Failure> {
        let product = match &self.product {
            Some(product) => Some(operator.product_id(product).await?),
            None => None,
        };
        let ignored = (!self.ignore.is_empty()).then(|| self.ignore.join(","));
        let Emqx { algorithm, salt_position, mac_fun, iterations } = &self.emqx;
        let path = ApiPath::to(&["imports"])
            .with("format", Some(&self.format))
            .with("product_id", product)
            .with("mode", self.atomic.then_some("atomic"))
            .with("on_conflict", self.update.then_some("update"))
            .with("ignore", ignored)
            .with("algorithm", algorithm.as_ref())
            .with("salt_position", salt_position.as_ref())
            .with("mac_fun", mac_fun.as_ref())
            .with("iterations", iterations.map(|count| count.to_string()));
        Ok(path)
    }

    fn tell(&self, operator: &Operator, answer: &Value, report: &ImportReport) -> Result<(), Failure> {
        let ImportReport { total, created, updated, skipped, failed, credentials_left, .. } = report;
        let is_failed = |row: &&Value| row.get("outcome").is_some_and(|outcome| outcome == "failed");
        let rows = answer.get("rows").and_then(Value::as_array).into_iter().flatten();
        let rows: Vec<Value> = rows.filter(is_failed).cloned().collect();
        if !rows.is_empty() && !operator.prints_json() {
            output::line(&ROWS.list(&rows))?;
        }
        let dry = if report.dry_run { "dry run, nothing was changed: " } else { "" };
        let noun = if *total == 1 { "row" } else { "rows" };
        let counts = format!(
            "{dry}{total} {noun}: {created} created, {updated} updated, {skipped} skipped, {failed} failed"
        );
        operator.done(answer, &counts)?;
        if *credentials_left > 0 {
            output::note(&format!(
                "{credentials_left} credentials were left out: the export was made without --verifiers"
            ));
        }
        if *failed == 0 {
            return Ok(());
        }
        let rest = match (report.dry_run, self.atomic) {
            (true, _) => "",
            (false, true) => ", and nothing was entered",
            (false, false) => "; put them right and import again: what is here is skipped",
        };
        Err(Failure::failed(format_args!("{failed} of {total} {noun} failed{rest}")))
    }
}

impl Emqx {
    /// Makes sure that what is said of hashes is said of EMQX's.
    fn is_for(&self, format: &str) -> Result<(), Failure> {
        let Self { algorithm, salt_position, mac_fun, iterations } = self;
        let given = [
            ("--algorithm", algorithm.is_some()),
            ("--salt-position", salt_position.is_some()),
            ("--mac-fun", mac_fun.is_some()),
            ("--iterations", iterations.is_some()),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) if format != "emqx" => {
                Err(Failure::unusable(format_args!("{flag} belongs to --format emqx only")))
            }
            Some(_) | None => Ok(()),
        }
    }
}
