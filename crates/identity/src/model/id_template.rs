use std::fmt;
use std::str::FromStr;

use super::DeviceId;
use crate::ClientCertificate;
use crate::certificate::SUBJECT_NAMES;

/// How the id of a device follows from its certificate: literal text and variables, as `pump-${cn}`.
///
/// What a variable stands for is put in once and never read again, so nothing in a certificate can be a
/// variable.
#[derive(Clone, PartialEq, Eq)]
pub struct IdTemplate(Box<[Part]>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Box<str>),
    Variable(Variable),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Variable {
    Dns,
    Uri,
    Email,
    Serial,
    Fingerprint,
    /// An attribute of the subject, by its short name in lower case.
    Subject(Box<str>),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// Too long, or of too many parts.
    #[error("a template has at most {TEMPLATE_LEN_MAX} characters")]
    TooLong,
    /// Nothing in it depends on the certificate: all certificates would be one device.
    #[error("name at least one variable, as ${{cn}}")]
    Constant,
    /// Text that cannot be part of a device's id.
    #[error("beside variables a template has the characters A-Z a-z 0-9 . _ : - only")]
    Literal,
    /// A variable that there is not.
    #[error(
        "${{{0}}} is not known: write ${{cn}}, ${{san.dns}}, ${{san.uri}}, ${{san.email}}, ${{serial}}, \
         ${{fingerprint}} or ${{subject.o}} (also ou, c, l, st, street, dc, uid, cn, serialnumber)"
    )]
    Variable(Box<str>),
    /// A `${` without its `}`.
    #[error("a ${{ without its }}")]
    Open,
}

/// Why a certificate names no device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unnamed {
    /// What a variable stands for is not there, or there several times, or empty.
    #[error("the certificate does not have exactly one of what the template names")]
    Missing,
    /// What comes out is not the id of a device.
    #[error("what the certificate says makes no device id")]
    NotAnId,
}

const TEMPLATE_LEN_MAX: usize = 256;

impl IdTemplate {
    /// The id of the device that a certificate is of.
    ///
    /// # Errors
    /// [`Unnamed`]: it names none.
    pub fn device_of(&self, certificate: &ClientCertificate) -> Result<DeviceId, Unnamed> {
        let mut id = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => id.push_str(text),
                Part::Variable(variable) => {
                    let value = variable.value_in(certificate).filter(|value| !value.is_empty());
                    id.push_str(&value.ok_or(Unnamed::Missing)?);
                }
            }
        }
        id.parse().map_err(|_| Unnamed::NotAnId)
    }
}

impl Variable {
    fn value_in(&self, certificate: &ClientCertificate) -> Option<Box<str>> {
        match self {
            Self::Dns => only(certificate.dns_names()),
            Self::Uri => only(certificate.uris()),
            Self::Email => only(certificate.emails()),
            Self::Serial => Some(certificate.serial().into()),
            Self::Fingerprint => Some(certificate.fingerprint().digits().into()),
            Self::Subject(name) => certificate.subject_value(name).map(Into::into),
        }
    }
}

fn only<'a>(values: impl Iterator<Item = &'a str>) -> Option<Box<str>> {
    crate::certificate::only(values).map(Into::into)
}

impl FromStr for Variable {
    type Err = TemplateFault;

    fn from_str(name: &str) -> Result<Self, TemplateFault> {
        let unknown = || TemplateFault::Variable(name.chars().take(64).collect::<String>().into());
        match name {
            "cn" => Ok(Self::Subject("cn".into())),
            "san.dns" => Ok(Self::Dns),
            "san.uri" => Ok(Self::Uri),
            "san.email" => Ok(Self::Email),
            "serial" => Ok(Self::Serial),
            "fingerprint" => Ok(Self::Fingerprint),
            _ => {
                let attribute = name.strip_prefix("subject.").ok_or_else(unknown)?;
                let is_it = |(_, known): &(&str, &str)| known.to_ascii_lowercase() == attribute;
                let is_known = SUBJECT_NAMES.iter().any(is_it);
                is_known.then(|| Self::Subject(attribute.into())).ok_or_else(unknown)
            }
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns => f.write_str("san.dns"),
            Self::Uri => f.write_str("san.uri"),
            Self::Email => f.write_str("san.email"),
            Self::Serial => f.write_str("serial"),
            Self::Fingerprint => f.write_str("fingerprint"),
            Self::Subject(name) if **name == *"cn" => f.write_str("cn"),
            Self::Subject(name) => write!(f, "subject.{name}"),
        }
    }
}

impl FromStr for IdTemplate {
    type Err = TemplateFault;

    fn from_str(text: &str) -> Result<Self, TemplateFault> {
        if text.len() > TEMPLATE_LEN_MAX {
            return Err(TemplateFault::TooLong);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, behind)) = rest.split_once("${") {
            let (name, next) = behind.split_once('}').ok_or(TemplateFault::Open)?;
            parts.extend(literal_of(literal)?);
            parts.push(Part::Variable(name.parse()?));
            rest = next;
        }
        parts.extend(literal_of(rest)?);
        if !parts.iter().any(|part| matches!(part, Part::Variable(_))) {
            return Err(TemplateFault::Constant);
        }
        Ok(Self(parts.into()))
    }
}

/// Text that stands for itself; `None` if there is none.
fn literal_of(text: &str) -> Result<Option<Part>, TemplateFault> {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    if !text.bytes().all(is_usual) {
        return Err(TemplateFault::Literal);
    }
    Ok((!text.is_empty()).then(|| Part::Literal(text.into())))
}

impl fmt::Display for IdTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Variable(variable) => write!(f, "${{{variable}}}"),
        })
    }
}

impl fmt::Debug for IdTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdTemplate({self})")
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{DnType, SanType, SerialNumber};

    use super::*;
    use crate::certificate::tests::leaf;

    fn certificate() -> ClientCertificate {
        let der = leaf(|params| {
            params.distinguished_name.push(DnType::OrganizationName, "Acme");
            params.distinguished_name.push(DnType::LocalityName, "${cn}");
            params.distinguished_name.push(DnType::OrganizationalUnitName, "");
            params.subject_alt_names = vec![
                SanType::DnsName("d1.example".try_into().unwrap()),
                SanType::URI("urn:dev:1".try_into().unwrap()),
                SanType::URI("urn:dev:2".try_into().unwrap()),
                SanType::Rfc822Name("d1@example".try_into().unwrap()),
            ];
            params.serial_number = Some(SerialNumber::from_slice(&[0x0a, 0xff]));
        });
        ClientCertificate::from_der(&der).unwrap()
    }

    #[test]
    fn an_id_is_what_the_template_makes_of_a_certificate() {
        let certificate = certificate();
        let digits = certificate.fingerprint().digits();
        for (template, expected) in [
            ("${cn}", Ok("d1")),
            ("pump-${cn}", Ok("pump-d1")),
            ("${subject.o}.${subject.cn}:${serial}", Ok("Acme.d1:0aff")),
            ("${san.dns}", Ok("d1.example")),
            ("${fingerprint}", Ok(&*digits)),
            // An address has a character that no id has.
            ("${san.email}", Err(Unnamed::NotAnId)),
            // What stands in a certificate is never a variable.
            ("${subject.l}", Err(Unnamed::NotAnId)),
            ("-${cn}", Err(Unnamed::NotAnId)),
            // None, several, or nothing in it.
            ("${subject.c}", Err(Unnamed::Missing)),
            ("${san.uri}", Err(Unnamed::Missing)),
            ("d${subject.ou}", Err(Unnamed::Missing)),
        ] {
            let parsed: IdTemplate = template.parse().unwrap();
            let id = parsed.device_of(&certificate);
            assert_eq!(id.as_ref().map(DeviceId::as_str).map_err(|fault| *fault), expected, "{template}");
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for (text, expected) in [
            ("", TemplateFault::Constant),
            ("pump", TemplateFault::Constant),
            ("pump ${cn}", TemplateFault::Literal),
            ("pump/${cn}", TemplateFault::Literal),
            ("${cn", TemplateFault::Open),
            ("${cn}${", TemplateFault::Open),
            ("$${cn}", TemplateFault::Literal),
            ("${}", TemplateFault::Variable("".into())),
            ("${CN}", TemplateFault::Variable("CN".into())),
            ("${subject.}", TemplateFault::Variable("subject.".into())),
            ("${subject.O}", TemplateFault::Variable("subject.O".into())),
            ("${${cn}}", TemplateFault::Variable("${cn".into())),
        ] {
            assert_eq!(text.parse::<IdTemplate>(), Err(expected), "{text}");
        }
        let long = format!("${{cn}}{}", "x".repeat(TEMPLATE_LEN_MAX));
        assert_eq!(long.parse::<IdTemplate>(), Err(TemplateFault::TooLong));
    }

    #[test]
    fn any_text_is_a_template_that_reads_back_or_is_refused() {
        let certificate = certificate();
        arbtest::arbtest(|random| {
            let pieces = ["${", "}", "cn", "san.dns", "subject.", "o", "-", "$", "{", "a", "serial", " "];
            let mut text = String::new();
            for _ in 0..random.int_in_range(0..=12)? {
                text.push_str(random.choose(&pieces)?);
            }
            if let Ok(template) = text.parse::<IdTemplate>() {
                assert_eq!(template.to_string().parse(), Ok(template.clone()));
                let _ = template.device_of(&certificate);
            }
            Ok(())
        });
    }
}
