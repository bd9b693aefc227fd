//! Posts, logins and sessions.
use linli_core::{BlindIndex, Millis, PersonId, PostId, Result, Sealed, UnitId};
use linli_db::{Tx, row, sql};
use uuid::Uuid;

pub(crate) fn posts(tx: &mut Tx<'_>, person: PersonId, now: Millis) -> Result<Vec<(PostId, UnitId, String)>> {
    Ok(tx.all(
        sql!(
            "SELECT id, unit, role FROM posts WHERE person = $1 AND since <= $2 AND (until IS NULL OR until > $2) ORDER BY id LIMIT 50"
        ),
        &[&person, &now],
    )?)
}

row! {
    pub(crate) struct StaffRow { pub(crate) id: PostId, pub(crate) person: PersonId, pub(crate) unit: UnitId, pub(crate) role: String, pub(crate) duty: bool, pub(crate) name: Sealed, pub(crate) since: Millis, pub(crate) until: Option<Millis> }
}

/// The posts of a unit that are held now.
pub(crate) fn staff(tx: &mut Tx<'_>, unit: UnitId, now: Millis) -> Result<Vec<StaffRow>> {
    Ok(tx.all(
        sql!(
            "SELECT t.id, t.person, t.unit, t.role, t.duty, p.name, t.since, t.until FROM posts t JOIN people p ON p.id = t.person
             WHERE t.unit = $1 AND t.since <= $2 AND (t.until IS NULL OR t.until > $2) ORDER BY t.id LIMIT 500"
        ),
        &[&unit, &now],
    )?)
}

/// Every post, those that have ended or are yet to begin too: who acted from one is named long afterwards. Newest first.
pub(crate) fn all_staff(tx: &mut Tx<'_>) -> Result<Vec<StaffRow>> {
    Ok(tx.all(
        sql!(
            "SELECT t.id, t.person, t.unit, t.role, t.duty, p.name, t.since, t.until FROM posts t JOIN people p ON p.id = t.person
             ORDER BY t.id DESC LIMIT 100000"
        ),
        &[],
    )?)
}

pub(crate) struct PostNew {
    pub(crate) id: PostId,
    pub(crate) person: PersonId,
    pub(crate) unit: UnitId,
    pub(crate) role: String,
    pub(crate) duty: bool,
    pub(crate) until: Option<Millis>,
}

pub(crate) fn put_post(tx: &mut Tx<'_>, p: &PostNew, since: Millis) -> Result<()> {
    tx.put(
        sql!("INSERT INTO posts (id, person, unit, role, duty, since, until) VALUES ($1, $2, $3, $4, $5, $6, $7)"),
        &[&p.id, &p.person, &p.unit, &p.role, &p.duty, &since, &p.until],
    )?;
    Ok(())
}

pub(crate) fn post_unit(tx: &mut Tx<'_>, id: PostId, now: Millis) -> Result<Option<(UnitId,)>> {
    Ok(tx.opt(sql!("SELECT unit FROM posts WHERE id = $1 AND (until IS NULL OR until > $2) LIMIT 1"), &[&id, &now])?)
}

pub(crate) fn end_post(tx: &mut Tx<'_>, id: PostId, at: Millis) -> Result<u64> {
    Ok(tx.exec(sql!("UPDATE posts SET until = $2 WHERE id = $1 AND (until IS NULL OR until > $2)"), &[&id, &at])?)
}

pub(crate) fn set_duty(tx: &mut Tx<'_>, id: PostId, duty: bool) -> Result<u64> {
    Ok(tx.exec(sql!("UPDATE posts SET duty = $2 WHERE id = $1"), &[&id, &duty])?)
}

// ---- logins and sessions

row! {
    pub(crate) struct LoginRow { pub(crate) id: Uuid, pub(crate) person: PersonId, pub(crate) hash: String, pub(crate) failed: i64, pub(crate) locked_until: Option<Millis> }
}

pub(crate) fn login(tx: &mut Tx<'_>, login: &BlindIndex) -> Result<Option<LoginRow>> {
    Ok(tx.opt(
        sql!("SELECT id, person, password_hash, failed, locked_until FROM logins WHERE login_idx = $1 LIMIT 1"),
        &[login],
    )?)
}

/// `false` when the login is taken.
pub(crate) fn put_login(
    tx: &mut Tx<'_>,
    id: Uuid,
    person: PersonId,
    login: (Sealed, BlindIndex),
    hash: &str,
) -> Result<bool> {
    Ok(tx.exec(
        sql!(
            "INSERT INTO logins (id, person, login, login_idx, password_hash, failed) VALUES ($1, $2, $3, $4, $5, 0)
             ON CONFLICT (login_idx) DO NOTHING"
        ),
        &[&id, &person, &login.0, &login.1, &hash],
    )? == 1)
}

pub(crate) fn set_password(tx: &mut Tx<'_>, person: PersonId, hash: &str) -> Result<u64> {
    Ok(tx.exec(
        sql!("UPDATE logins SET password_hash = $2, failed = 0, locked_until = NULL WHERE person = $1"),
        &[&person, &hash],
    )?)
}

pub(crate) fn set_failed(tx: &mut Tx<'_>, id: Uuid, failed: i64, locked_until: Option<Millis>) -> Result<()> {
    tx.put(sql!("UPDATE logins SET failed = $2, locked_until = $3 WHERE id = $1"), &[&id, &failed, &locked_until])?;
    Ok(())
}

pub(crate) fn forget_failures(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    tx.put(sql!("UPDATE logins SET failed = 0, locked_until = NULL WHERE person = $1 AND failed > 0"), &[&person])?;
    Ok(())
}

row! {
    pub(crate) struct SessionNew { pub(crate) digest: Vec<u8>, pub(crate) id: Uuid, pub(crate) person: PersonId, pub(crate) kind: String, pub(crate) label: String, pub(crate) created: Millis, pub(crate) until: Millis }
}

pub(crate) fn put_session(tx: &mut Tx<'_>, s: &SessionNew) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO sessions (token_digest, id, person, kind, label, created, seen, until) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)"
        ),
        &[&s.digest, &s.id, &s.person, &s.kind, &s.label, &s.created, &s.until],
    )?;
    Ok(())
}

row! {
    /// What there is to know of who has signed in: the person (the only row with a name), posts and homes; and the versions of
    /// what is kept in memory. The columns mean person – language; post, unit – role; dwelling, committee and what it lies
    /// in – tenure; name and number of a version.
    pub(crate) struct SignedIn { pub(crate) part: String, pub(crate) id: Option<Uuid>, pub(crate) unit: Option<UnitId>, pub(crate) estate: Option<UnitId>, pub(crate) micro_grid: Option<UnitId>, pub(crate) grp: Option<UnitId>, pub(crate) word: String, pub(crate) name: Option<Sealed>, pub(crate) n: Option<i64> }
}

/// The holder of an open session with posts and homes, and what has changed since it was kept in memory, in one statement:
/// every request asks this.
pub(crate) fn by_session(tx: &mut Tx<'_>, digest: &[u8], kind: &str, now: Millis) -> Result<Vec<SignedIn>> {
    Ok(tx.all(
        sql!(
            "WITH s AS (SELECT person FROM sessions WHERE token_digest = $1 AND kind = $2 AND until > $3)
             SELECT 'person', p.id, CAST(NULL AS UUID), CAST(NULL AS UUID), CAST(NULL AS UUID), CAST(NULL AS UUID), p.lang, p.name, CAST(NULL AS BIGINT)
             FROM s JOIN people p ON p.id = s.person
             UNION ALL
             SELECT 'post', t.id, t.unit, NULL, NULL, NULL, t.role, NULL, NULL
             FROM s JOIN posts t ON t.person = s.person WHERE t.since <= $3 AND (t.until IS NULL OR t.until > $3)
             UNION ALL
             SELECT 'home', r.dwelling, d.committee, d.estate, d.micro_grid, d.grp, r.tenure, NULL, NULL
             FROM s JOIN residents r ON r.person = s.person JOIN places d ON d.id = r.dwelling WHERE r.until IS NULL
             UNION ALL SELECT 'version', NULL, NULL, NULL, NULL, NULL, name, NULL, n FROM version_facts
             LIMIT 200"
        ),
        &[&digest, &kind, &now],
    )?)
}

pub(crate) fn see_session(tx: &mut Tx<'_>, digest: &[u8], now: Millis, until: Millis) -> Result<u64> {
    Ok(tx.exec(
        sql!("UPDATE sessions SET seen = $2, until = $3 WHERE token_digest = $1 AND until > $2 AND kind = 'page'"),
        &[&digest, &now, &until],
    )?)
}

pub(crate) fn close_session(tx: &mut Tx<'_>, digest: &[u8]) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM sessions WHERE token_digest = $1"), &[&digest])?)
}

pub(crate) fn close_sessions(tx: &mut Tx<'_>, person: PersonId) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM sessions WHERE person = $1"), &[&person])?)
}

pub(crate) fn revoke_session(tx: &mut Tx<'_>, person: PersonId, id: Uuid) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM sessions WHERE person = $1 AND id = $2"), &[&person, &id])?)
}

pub(crate) fn sessions(tx: &mut Tx<'_>, person: PersonId, now: Millis) -> Result<Vec<crate::SessionRow>> {
    let statement = sql!(
        "SELECT id, kind, label, seen, until FROM sessions WHERE person = $1 AND until > $2 ORDER BY id DESC LIMIT 100"
    );
    Ok(tx.all(statement, &[&person, &now])?)
}

pub(crate) fn forget_sessions(tx: &mut Tx<'_>, before: Millis) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM sessions WHERE until < $1"), &[&before])?)
}
