use vouchmq_identity::model::ProductId;

use super::csv::CsvReader;
use super::elements::Elements;
use super::emqx::EmqxReader;
use super::fault::Fault;
use super::mosquitto::{self, MosquittoReader};
use super::nanomq::NanomqReader;
use super::native::NativeReader;
use super::row::Row;
use super::run::Run;
use super::source::{LINE_MAX, Source, TextLine};
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
                let mut last = 0;
                while let Some(TextLine { number, text }) = source.next_line().await? {
                    let len = text.as_ref().map_or(0, String::len);
                    let row = reader.read(run, text.as_deref()).await?;
                    run.take(number, len, row).await?;
                    last = number;
                }
                run.take(last + 1, 0, reader.end().map(|()| None)).await?;
            }
            Self::Mosquitto(mut reader) => match source.first().await? {
                Some(b'{') => {
                    let document = source.document().await?;
                    documents(mosquitto::users(&document)?, run, |user| reader.user(user)).await?;
                }
                _ => lines(&mut source, run, &mut reader).await?,
            },
            Self::Emqx(mut reader) => match source.first().await? {
                Some(b'[') => {
                    let document = source.document().await?;
                    documents(emqx::users(&document)?, run, |user| reader.user(user)).await?;
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
        let len = text.as_ref().map_or(0, String::len);
        let row = text.map_or_else(|| Err(not_text()), |text| reader.row(&text));
        run.take(number, len, row).await?;
    }
    Ok(())
}

async fn documents(
    users: Elements<'_>,
    run: &mut Run,
    mut row: impl FnMut(serde_json::Value) -> Result<Row, Fault>,
) -> Result<(), Problem> {
    for (number, user) in (1..).zip(users.texts()) {
        let value = if user.len() > LINE_MAX { Err(not_text()) } else { Ok(user) };
        let value = value.and_then(|user| serde_json::from_str(user).map_err(|error| Fault::of_json(&error)));
        run.take(number, user.len(), value.and_then(&mut row).map(Some)).await?;
    }
    Ok(())
}

pub(super) fn not_text() -> Fault {
    Fault::new("malformed_row", "it is longer than 256 KiB, or not UTF-8")
}
