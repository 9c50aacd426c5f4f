use vouchmq_identity::model::ProductId;

use super::csv::CsvReader;
use super::emqx::EmqxReader;
use super::fault::Fault;
use super::mosquitto::{self, MosquittoReader};
use super::nanomq::NanomqReader;
use super::native::NativeReader;
use super::row::Row;
use super::run::Run;
use super::source::{Source, TextLine};
use super::table::TableReader;
use super::{Wanted, emqx};
use crate::http::Problem;
use crate::management::refusal::invalid;

/// What a body is written in.
pub(super) enum Format {
    Native(NativeReader),
    Mosquitto(MosquittoReader),
    Emqx(EmqxReader),
    Nanomq(NanomqReader),
    Csv(CsvReader),
}

/// Fields that are let go, as the caller wishes.
#[derive(Clone, Debug, Default)]
pub(super) struct Ignored(Vec<String>);

/// A reader of lines: `None` is a line that says nothing.
pub(super) trait Lines {
    fn row(&mut self, line: &str) -> Result<Option<Row>, Fault>;
}

impl Ignored {
    /// Makes sure that a field that is not imported may be let go.
    pub(super) fn check(&self, name: &'static str) -> Result<(), Fault> {
        if self.0.iter().any(|known| known == name) { Ok(()) } else { Err(Fault::lost(name)) }
    }
}

impl Format {
    pub(super) fn of(wanted: &Wanted) -> Result<Self, Problem> {
        let ignored = wanted.ignore.as_deref().unwrap_or_default();
        let ignored = Ignored(ignored.split(',').map(|name| name.trim().to_owned()).collect());
        let product = || -> Result<ProductId, Problem> { wanted.needed_product() };
        Ok(match wanted.format.as_str() {
            "native" => Self::Native(NativeReader::new(wanted.product()?)),
            "mosquitto" => Self::Mosquitto(MosquittoReader::new(product()?, ignored)),
            "emqx" => Self::Emqx(EmqxReader::new(product()?, ignored, wanted)?),
            "nanomq" => Self::Nanomq(NanomqReader::new(product()?)),
            "csv" => Self::Csv(CsvReader::new(product()?)),
            _ => return Err(invalid("?format", "write native, mosquitto, emqx, nanomq or csv")),
        })
    }

    /// Reads a body to its end.
    pub(super) async fn read(self, mut source: Source, run: &mut Run) -> Result<(), Problem> {
        match self {
            Self::Native(mut reader) => {
                while let Some(TextLine { number, text }) = source.next_line().await? {
                    let row = match text {
                        Some(text) => reader.read(run, &text).await?,
                        None => Err(not_text()),
                    };
                    run.take(number, row).await?;
                }
            }
            Self::Mosquitto(mut reader) => match source.first().await? {
                Some(b'{') => {
                    documents(mosquitto::users(&source.document().await?)?, run, |user| reader.user(user))
                        .await?;
                }
                _ => lines(&mut source, run, &mut reader).await?,
            },
            Self::Emqx(mut reader) => match source.first().await? {
                Some(b'[') => {
                    documents(emqx::users(&source.document().await?)?, run, |user| reader.user(user)).await?;
                }
                _ => lines(&mut source, run, &mut TableReader::new(reader)).await?,
            },
            Self::Nanomq(mut reader) => lines(&mut source, run, &mut reader).await?,
            Self::Csv(reader) => lines(&mut source, run, &mut TableReader::new(reader)).await?,
        }
        run.finish().await
    }
}

async fn lines(source: &mut Source, run: &mut Run, reader: &mut (impl Lines + Send)) -> Result<(), Problem> {
    while let Some(TextLine { number, text }) = source.next_line().await? {
        let row = text.map_or_else(|| Err(not_text()), |text| reader.row(&text));
        run.take(number, row).await?;
    }
    Ok(())
}

async fn documents(
    users: Vec<serde_json::Value>,
    run: &mut Run,
    mut row: impl FnMut(serde_json::Value) -> Result<Row, Fault>,
) -> Result<(), Problem> {
    for (number, user) in (1..).zip(users) {
        let row = row(user).map(Some);
        run.take(number, row).await?;
    }
    Ok(())
}

fn not_text() -> Fault {
    Fault::new("malformed_row", "the line is longer than 256 KiB, or not UTF-8")
}
