//! What happens to a file from outside.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Row};
use vouchmq_identity::UnixMillis;
use vouchmq_identity::model::{Credential, CredentialId, CredentialState};
use vouchmq_identity::store::{NewEntry, Rows, Store, StoreFault};
use vouchmq_store::OpenError;

use super::Directory;
use crate::harness::samples::{
    api_key, audit_record, block, claim_token, credential, device, id, product, registration,
};
use crate::harness::write;

/// Changes a database behind the store's back.
async fn edit(path: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(path);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn ask(path: &Path, sql: &str) -> String {
    let mut connection =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    row.get(0)
}

#[tokio::test]
async fn nobody_else_can_read_the_database() {
    let directory = Directory::new();
    let modes = || {
        let files = fs::read_dir(directory.path("")).unwrap().map(|file| file.unwrap());
        let mode = |file: fs::DirEntry| {
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            format!("{} {mode:o}", file.file_name().display())
        };
        let mut modes: Vec<String> = files.map(mode).collect();
        modes.sort_unstable();
        modes
    };
    let private = ["a.db 600", "a.db-shm 600", "a.db-wal 600", "a.db.lock 600"];
    {
        let store = directory.open("a.db").await.unwrap();
        write!(store, |rows| rows.put_product(&product(1));).await.unwrap();
        assert_eq!(modes(), private);
        store.close().await;
    }
    fs::set_permissions(directory.path("a.db"), fs::Permissions::from_mode(0o644)).unwrap();
    let store = directory.open("a.db").await.unwrap();
    write!(store, |rows| rows.put_product(&product(2));).await.unwrap();
    assert_eq!(modes(), private, "what was too open is closed");
}

#[tokio::test]
async fn what_was_written_is_there_when_it_is_opened_again() {
    let directory = Directory::new();
    let mut log = None;
    for round in 1..=5 {
        let store = directory.open("a.db").await.unwrap();
        assert_eq!(*store.changes().borrow(), round - 1, "the log goes on");
        let found = store.read().await.unwrap().log_head().await.unwrap();
        assert_eq!(found.1, round - 1);
        assert_eq!(*log.get_or_insert(found.0), found.0, "it is the same log");
        write!(store, |rows| rows.put_product(&product(round)); rows.append_log(crate::harness::NOW, NewEntry::blocks());)
            .await
            .unwrap();
        if round % 2 == 0 {
            store.close().await;
        } // else dropped: the next one waits until it has ended
    }
    let store = directory.open("a.db").await.unwrap();
    for number in 1..=5 {
        assert!(store.read().await.unwrap().product(id(number)).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn what_waits_is_written_before_a_store_is_closed() {
    let directory = Directory::new();
    let store = std::sync::Arc::new(directory.open("a.db").await.unwrap());
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..100 {
        let store = std::sync::Arc::clone(&store);
        waiting.spawn(async move { write!(store, |rows| rows.put_product(&product(number));).await });
    }
    tokio::task::yield_now().await; // each has handed its job in
    store.close().await;
    assert!(waiting.join_all().await.into_iter().all(|written| written.is_ok()));
    let late = write!(store, |rows| rows.put_product(&product(200));).await;
    assert!(matches!(late, Err(StoreFault::Unavailable(_))), "{late:?}");
    assert!(matches!(store.read().await.err(), Some(StoreFault::Unavailable(_))));
    assert!(!directory.path("a.db-wal").exists(), "nothing is left beside the file");
    assert_eq!(ask(&directory.path("a.db"), "SELECT CAST(COUNT(*) AS TEXT) FROM products").await, "100");
}

#[tokio::test]
async fn nobody_has_the_file_open_when_a_store_is_closed() {
    let directory = Directory::new();
    for _ in 0..20 {
        let store = directory.open("a.db").await.unwrap();
        let rows = [store.read().await.unwrap(), store.read().await.unwrap()];
        write!(store, |rows| rows.put_product(&product(1));).await.unwrap();
        drop(rows);
        store.close().await;
        let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
        let mut open = open.filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
        assert_eq!(open.find(|path| path.starts_with(directory.path(""))), None);
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let directory = Directory::new();
    directory.open("a.db").await.unwrap().close().await;
    edit(&directory.path("a.db"), "UPDATE schema_version SET version = version + 97").await;
    let error = directory.open("a.db").await.unwrap_err();
    assert!(matches!(error, OpenError::NewerSchema { found, known } if found == known + 97), "{error}");
    edit(&directory.path("a.db"), "UPDATE schema_version SET version = version - 97").await;
    directory.open("a.db").await.unwrap();
}

#[tokio::test]
async fn a_database_of_the_first_schema_is_brought_up_to_date() {
    let directory = Directory::new();
    let path = directory.path("a.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.unwrap().close().await.unwrap();
    edit(&path, include_str!("../../../migrations/0001_registry.sql")).await;
    edit(
        &path,
        "CREATE TABLE schema_version (one BIGINT PRIMARY KEY, version BIGINT NOT NULL);
        INSERT INTO schema_version VALUES (1, 1);
        INSERT INTO log_head VALUES (1, '000102030405060708090a0b0c0d0e0f', 1);
        INSERT INTO change_log VALUES (1, 0, 'blocks', NULL, NULL, NULL, 'none');
        PRAGMA application_id = 1447907633",
    )
    .await;
    let store = directory.open("a.db").await.unwrap();
    let entries = store.read().await.unwrap().log_after(0, 9).await.unwrap();
    assert_eq!((entries.len(), &entries[0].change), (1, &NewEntry::blocks()));
}

#[tokio::test]
async fn a_file_that_is_in_use_is_refused() {
    let directory = Directory::new();
    let _store = directory.open("a.db").await.unwrap();
    let error = directory.open("a.db").await.unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_and_left_alone() {
    let directory = Directory::new();
    let path = directory.path("a.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.unwrap().close().await.unwrap();
    edit(&path, "CREATE TABLE products (a TEXT); INSERT INTO products VALUES ('x')").await;
    let error = directory.open("a.db").await.unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(ask(&path, "SELECT a FROM products").await, "x");
}

#[tokio::test]
async fn what_is_no_database_or_damaged_is_refused() {
    let directory = Directory::new();
    fs::write(directory.path("text.db"), "this is no database, whatever its name says. ".repeat(100))
        .unwrap();
    let error = directory.open("text.db").await.unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    let store = directory.open("a.db").await.unwrap();
    for number in 0..200 {
        write!(store, |rows| rows.put_product(&product(number));).await.unwrap();
    }
    store.close().await;
    // The disk has lost a page in the middle.
    let path = directory.path("a.db");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xA5);
    fs::write(&path, bytes).unwrap();
    let error = directory.open("a.db").await.unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    let told = error.to_string();
    assert!(told.contains("a.db") && told.contains("restore it from a backup"), "{told}");
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_named() {
    let directory = Directory::new();
    let error = directory.open("missing/a.db").await.unwrap_err();
    assert!(matches!(error, OpenError::File { .. }), "{error}");
    assert!(error.to_string().contains("missing/a.db"), "{error}");
    fs::create_dir(directory.path("b.db")).unwrap();
    let error = directory.open("b.db").await.unwrap_err();
    assert!(matches!(error, OpenError::File { .. }), "{error}");
}

#[tokio::test]
async fn what_is_over_is_found_behind_rows_that_are_corrupt() {
    let directory = Directory::new();
    let store = directory.open("a.db").await.unwrap();
    fill(&store).await;
    for number in 2..=5 {
        let pending = Credential { state: CredentialState::Pending, ..credential(number, &id(1)) };
        write!(store, |rows| rows.put_credential(&pending);).await.unwrap();
    }
    store.close().await;
    let broken = [id::<CredentialId>(2), id(4)].map(|id| format!("'{id}'")).join(", ");
    edit(&directory.path("a.db"), &format!("UPDATE credentials SET verifier = x'00' WHERE id IN ({broken})"))
        .await;
    let store = directory.open("a.db").await.unwrap();
    let late = UnixMillis::new(crate::harness::NOW.millis() + 1_000_000);
    for (limit, expected, corrupt_count) in
        [(1, vec![id(3)], 1), (2, vec![id(3), id(5)], 2), (9, vec![id(3), id(5)], 2)]
    {
        let found = store.read().await.unwrap().pending_credentials(late, limit).await.unwrap();
        let ids: Vec<CredentialId> = found.items.into_iter().map(|found| found.id).collect();
        assert_eq!((ids, found.corrupt.len()), (expected, corrupt_count), "{limit}");
    }
    store.close().await;
}

/// Reads everything, table by table.
async fn read_all(rows: &mut dyn Rows) -> Result<(), StoreFault> {
    rows.log_head().await?;
    rows.log_after(0, 9).await?;
    rows.keys().await?;
    rows.product(id(1)).await?;
    rows.device(&id(1)).await?;
    rows.device_count(id(1)).await?;
    rows.credential(id(1)).await?;
    rows.claim_token(id(1)).await?;
    rows.registration(id(1)).await?;
    rows.block(id(1)).await?;
    rows.api_key(id(1)).await?;
    rows.audit_head().await?;
    Ok(())
}

/// A row in each table.
async fn fill(store: &dyn Store) {
    let audited = vouchmq_identity::store::AuditChain::default().append(audit_record(2));
    let key = "0123456789abcdef".parse().unwrap();
    write!(store, |rows|
        rows.put_product(&product(1));
        rows.put_device(&device(1, id(1)));
        rows.put_credential(&credential(1, &id(1)));
        rows.put_claim_token(&claim_token(1, id(1)));
        rows.put_registration(&registration(1, id(1), vouchmq_identity::model::RegistrationState::Issued));
        rows.put_block(&block(1, "ip", "::1"));
        rows.put_api_key(&api_key(1));
        rows.put_key(vouchmq_identity::PepperVersion::FIRST, key);
        rows.append_log(crate::harness::NOW, NewEntry::product(id(1)));
        rows.append_audit(&audited);
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_value_that_we_did_not_write_is_reported_with_its_place() {
    let edits = [
        ("log_head", "log_id", "'x'"),
        ("log_head", "head", "-1"),
        ("change_log", "kind", "'everything'"),
        ("change_log", "kick", "''"),
        ("change_log", "device_id", "'a/b'"),
        ("change_log", "block_kind", "'everybody'"),
        ("change_log", "block_value", "'::1'"),
        ("peppers", "check_value", "'00'"),
        ("products", "slug", "'A b'"),
        ("products", "kinds", "'[\"none\"]'"),
        ("products", "acl", "'[{\"effect\":\"allow\",\"action\":\"both\",\"topic\":\"a/#/b\"}]'"),
        ("products", "acl", "'{}'"),
        ("products", "devices_max", "4294967296"),
        ("products", "binding", "x'00'"),
        ("products", "name", "''"),
        ("product_devices", "devices", "-1"),
        ("devices", "state", "'Active'"),
        ("devices", "product_id", "'1'"),
        ("devices", "tags", "'[[1,2]]'"),
        ("devices", "attributes", "'not JSON'"),
        ("devices", "expires_at", "-5"),
        ("devices", "expires_at", "'soon'"),
        ("devices", "version", "1.5"),
        ("devices", "hardware_id", "char(10)"),
        ("credentials", "kind", "'password'"),
        ("credentials", "key_id", "NULL"),
        ("credentials", "verifier", "x'0102'"),
        ("credentials", "verifier", "'0123456789abcdef0123456789abcdef'"),
        ("credentials", "pepper_version", "0"),
        ("credentials", "state", "''"),
        ("claim_tokens", "networks", "'[\"10.0.0.1/8\"]'"),
        ("claim_tokens", "hardware_ids", "''"),
        ("claim_tokens", "uses", "-1"),
        ("registrations", "state", "'open'"),
        ("registrations", "peer", "'::g'"),
        ("registrations", "rival_count", "'many'"),
        ("blocks", "kind", "'everybody'"),
        ("blocks", "value", "'300.0.0.1'"),
        ("blocks", "reason", "'a\\b'"),
        ("api_keys", "scopes", "'[\"root\"]'"),
        ("api_keys", "created_at", "0.5"),
        ("audit", "hash", "'00'"),
        ("audit", "address", "'here'"),
        ("audit", "at", "x'00'"),
    ];
    let directory = Directory::new();
    let store = directory.open("whole.db").await.unwrap();
    fill(&store).await;
    read_all(&mut *store.read().await.unwrap()).await.unwrap();
    store.close().await;
    for (table, column, value) in edits {
        fs::copy(directory.path("whole.db"), directory.path("bad.db")).unwrap();
        edit(&directory.path("bad.db"), &format!("UPDATE {table} SET {column} = {value}")).await;
        let fault = match directory.open("bad.db").await {
            Ok(store) => {
                let fault = read_all(&mut *store.read().await.unwrap()).await.expect_err(column);
                store.close().await;
                fault.to_string()
            }
            Err(error) => error.to_string(), // the log is read at the start
        };
        // a password's hash is missing where a secret became a password
        let column = if (column, value) == ("kind", "'password'") { "hash" } else { column };
        let place = format!("of table {table} has a bad {column}: ");
        assert!(fault.contains(&place) && fault.contains("row "), "{table}.{column} = {value}: {fault}");
    }
}
