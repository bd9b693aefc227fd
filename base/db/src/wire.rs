//! PostgreSQL's protocol over a blocking socket, so that statements whose answer nobody needs can travel with the next one
//! that must be waited for: each round trip costs both sides a system call and a switch between processes, often more than the
//! statement itself. Nothing is sent before [`Wire::settle`]; what it sends ends with one `Sync`. After a statement has
//! failed, PostgreSQL skips the others up to there, so the first error is the only one.
//! (Message by message: PostgreSQL manual, chapter "Frontend/Backend Protocol"; the encoding is `postgres-protocol`'s.)
use crate::Value;
use bytes::{BufMut, BytesMut};
use postgres::Config;
use postgres::config::{ChannelBinding as Binding, Host, SslMode, TargetSessionAttrs};
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{FromSql, IsNull, ToSql, Type};
use postgres_protocol::authentication::{md5_hash, sasl};
use postgres_protocol::message::backend::{DataRowBody, ErrorResponseBody, Message};
use postgres_protocol::message::frontend::{self, BindError, CopyData};
use socket2::{Domain, SockAddr, Socket, TcpKeepalive};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::Range;
use std::time::Duration;

/// So much may wait to be sent: what PostgreSQL answers meanwhile must have room on the way back.
const WAITING: usize = 256;
const HELPING: usize = 1 << 16;
/// Outside a transaction, as PostgreSQL says it.
const IDLE: u8 = b'I';

/// What went wrong.
#[derive(Debug)]
pub(crate) enum Fault {
    /// PostgreSQL refused.
    Refused {
        /// SQLSTATE.
        code: String,
        /// In its words.
        text: String,
        /// Which constraint, if one.
        constraint: Option<String>,
    },
    /// The connection is of no use any more.
    Lost(String),
    /// A mistake of ours.
    Wrong(String),
}
impl From<io::Error> for Fault {
    fn from(e: io::Error) -> Self {
        Fault::Lost(e.to_string())
    }
}
fn wrong(e: impl std::fmt::Display) -> Fault {
    Fault::Wrong(e.to_string())
}

/// A statement that PostgreSQL has read.
pub(crate) struct Statement {
    name: String,
    pub(crate) params: Vec<Type>,
    pub(crate) columns: Vec<Column>,
}
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) holds: Type,
}

/// A row as it came.
pub struct Row<'r> {
    raw: &'r [u8],
    ranges: &'r [Option<Range<usize>>],
    columns: &'r [Column],
}
impl Row<'_> {
    pub(crate) fn value(&self, i: usize) -> Result<Value<'_>, String> {
        let (range, column) = self.ranges.get(i).zip(self.columns.get(i)).ok_or("no such column")?;
        let raw = range.as_ref().map(|r| self.raw.get(r.clone()).unwrap_or_default());
        Value::from_sql_nullable(&column.holds, raw).map_err(|e| e.to_string())
    }
}

/// A connection.
pub(crate) struct Wire {
    socket: Socket,
    /// Not yet sent.
    out: BytesMut,
    /// Not yet read.
    inn: BytesMut,
    /// Where the statements are written that have no answer yet.
    asked: VecDeque<&'static str>,
    /// Something waits to be sent, or was, that ends with a `Sync` only.
    open: bool,
    /// How often PostgreSQL will still say that it is ready.
    owed: usize,
    /// The state of the transaction when it last said so.
    state: u8,
    /// How many statements have a name.
    named: u64,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.out.clear();
        frontend::terminate(&mut self.out);
        let _ = self.socket.write_all(&self.out);
    }
}

impl Wire {
    /// Connects to the first of the hosts that answers.
    pub(crate) fn connect(config: &Config) -> Result<Wire, Fault> {
        if config.get_ssl_mode() == SslMode::Require || config.get_channel_binding() == Binding::Require {
            return Err(wrong("this program reaches PostgreSQL without TLS only"));
        }
        if config.get_target_session_attrs() != TargetSessionAttrs::Any {
            return Err(wrong("target_session_attrs is not understood here"));
        }
        let mut last = wrong("the database address names no host");
        for address in addresses(config) {
            match address.and_then(|a| open(config, &a)).map_err(Fault::from).and_then(|s| Wire::shake(config, s)) {
                Ok(wire) => return Ok(wire),
                Err(e) => last = e,
            }
        }
        Err(last)
    }

    /// Says who we are.
    fn shake(config: &Config, socket: Socket) -> Result<Wire, Fault> {
        let (out, inn, asked) = (BytesMut::new(), BytesMut::new(), VecDeque::new());
        let mut wire = Wire { socket, out, inn, asked, open: false, owed: 1, state: IDLE, named: 0 };
        let of_system = std::env::var("USER").unwrap_or_default();
        let user = config.get_user().unwrap_or(&of_system);
        let given = [
            ("user", Some(user)),
            ("database", config.get_dbname()),
            ("options", config.get_options()),
            ("application_name", config.get_application_name()),
            ("client_encoding", Some("UTF8")),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        frontend::startup_message(given, &mut wire.out).map_err(wrong)?;
        let password = || config.get_password().ok_or_else(|| wrong("the database asks for a password"));
        let mut scram = None;
        // Until it is ready: a server that takes a connection and says nothing is given up like one that is not there.
        wire.socket.set_read_timeout(config.get_connect_timeout().copied())?;
        while wire.owed > 0 {
            wire.flush()?;
            match wire.read()? {
                Message::AuthenticationCleartextPassword => frontend::password_message(password()?, &mut wire.out)?,
                Message::AuthenticationMd5Password(m) => {
                    let hash = md5_hash(user.as_bytes(), password()?, m.salt());
                    frontend::password_message(hash.as_bytes(), &mut wire.out)?;
                }
                Message::AuthenticationSasl(m) => {
                    if !m.mechanisms().any(|m| Ok(m == sasl::SCRAM_SHA_256))? {
                        return Err(wrong("the database asks for a way of signing in that is not known here"));
                    }
                    let state = sasl::ScramSha256::new(password()?, sasl::ChannelBinding::unsupported());
                    frontend::sasl_initial_response(sasl::SCRAM_SHA_256, state.message(), &mut wire.out)?;
                    scram = Some(state);
                }
                Message::AuthenticationSaslContinue(m) => {
                    let state = scram.as_mut().ok_or_else(|| wrong("an answer before the question"))?;
                    state.update(m.data())?;
                    frontend::sasl_response(state.message(), &mut wire.out)?;
                }
                // The server proves that it knows the password too.
                Message::AuthenticationSaslFinal(m) => {
                    scram.take().ok_or_else(|| wrong("an answer before the question"))?.finish(m.data())?;
                }
                Message::AuthenticationOk if scram.is_some() => return Err(wrong("the server has proved nothing")),
                Message::ErrorResponse(e) => return Err(refused(&e)),
                Message::ReadyForQuery(_) => wire.owed = 0,
                Message::AuthenticationGss | Message::AuthenticationKerberosV5 | Message::AuthenticationSspi => {
                    return Err(wrong("the database asks for a way of signing in that is not known here"));
                }
                _ => {}
            }
        }
        wire.socket.set_read_timeout(None)?;
        Ok(wire)
    }

    /// How long an answer may take; without it, as long as the network stands.
    pub(crate) fn patience(&mut self, limit: Duration) -> Result<(), Fault> {
        Ok(self.socket.set_read_timeout(Some(limit))?)
    }

    /// Whether it can be used again after a pause: all is answered, and the server has neither left nor said good-bye.
    pub(crate) fn rested(&mut self) -> bool {
        let answered = self.settle().is_ok() && self.idle() && self.inn.is_empty();
        let silent = self.socket.recv_with_flags(&mut [MaybeUninit::uninit()], libc::MSG_PEEK | libc::MSG_DONTWAIT);
        answered && silent.is_err_and(|e| e.kind() == io::ErrorKind::WouldBlock)
    }

    /// Lets PostgreSQL read a statement. Without a name it lasts until the next one without.
    pub(crate) fn prepare(&mut self, text: &str, named: bool) -> Result<Statement, Fault> {
        self.named += u64::from(named);
        let name = if named { format!("s{}", self.named) } else { String::new() };
        self.open = true;
        frontend::parse(&name, text, [], &mut self.out).map_err(wrong)?;
        frontend::describe(b'S', &name, &mut self.out).map_err(wrong)?;
        let (mut params, mut columns) = (Vec::new(), Vec::new());
        let known = |oid| Type::from_oid(oid).ok_or_else(|| io::Error::other(format!("a type of its own: {oid}")));
        self.converse(&mut |m| {
            match m {
                Message::ParameterDescription(p) => params = p.parameters().map(known).collect()?,
                Message::RowDescription(r) => {
                    let column = |f: postgres_protocol::message::backend::Field<'_>| {
                        Ok(Column { name: f.name().to_owned(), holds: known(f.type_oid())? })
                    };
                    columns = r.fields().map(column).collect()?;
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(Statement { name, params, columns })
    }

    /// Puts a statement in line. `at` is for the error, should nobody wait for its answer.
    pub(crate) fn ask<'s, 'v: 's>(
        &mut self,
        statement: &Statement,
        values: impl Iterator<Item = &'s Value<'v>>,
        at: &'static str,
    ) -> Result<(), Fault> {
        if self.asked.len() >= WAITING || self.out.len() >= HELPING {
            self.settle()?;
        }
        let before = self.out.len();
        let typed = values.zip(&statement.params);
        let bound = frontend::bind("", &statement.name, [1], typed, |(v, ty), out| raw(v, ty, out), [1], &mut self.out);
        if let Err(e) = bound {
            self.out.truncate(before);
            return Err(match e {
                BindError::Conversion(e) => wrong(e),
                BindError::Serialization(e) => wrong(e),
            });
        }
        frontend::execute("", 0, &mut self.out).map_err(wrong)?;
        self.asked.push_back(at);
        self.open = true;
        Ok(())
    }

    /// Sends what waits and hears all answers: how many rows the last statement changed, or what went wrong first.
    pub(crate) fn settle(&mut self) -> Result<u64, Fault> {
        self.converse(&mut |_| Ok(()))
    }

    /// The same, with the rows of the last statement, which is the only one that has any.
    pub(crate) fn rows(&mut self, columns: &[Column], each: &mut dyn FnMut(&Row<'_>)) -> Result<u64, Fault> {
        let mut ranges = Vec::new();
        let mut row = |body: &DataRowBody| {
            ranges.clear();
            let mut found = body.ranges();
            while let Some(range) = found.next()? {
                ranges.push(range);
            }
            each(&Row { raw: body.buffer(), ranges: &ranges, columns });
            Ok(())
        };
        self.converse(&mut |m| if let Message::DataRow(body) = m { row(body) } else { Ok(()) })
    }

    /// Sends what waits; the answers are heard later.
    pub(crate) fn part(&mut self) -> Result<(), Fault> {
        if self.open {
            frontend::sync(&mut self.out);
            (self.open, self.owed) = (false, self.owed + 1);
        }
        self.flush()
    }

    /// Forgets what has not been sent.
    pub(crate) fn unsay(&mut self) {
        self.out.clear();
        self.asked.clear();
        self.open = false;
    }
    /// Whether all is answered and the server knows of no transaction.
    pub(crate) fn idle(&self) -> bool {
        self.owed == 0 && self.state == IDLE
    }

    /// Runs any number of statements without parameters, and waits for them.
    pub(crate) fn control(&mut self, text: &str) -> Result<(), Fault> {
        self.settle()?;
        frontend::query(text, &mut self.out).map_err(wrong)?;
        self.owed += 1;
        self.settle().map(drop)
    }

    /// `COPY … FROM STDIN (FORMAT binary)`; `f` gives the rows to the function it gets.
    pub(crate) fn copy_in<R, E>(
        &mut self,
        text: &str,
        types: &[Type],
        named: impl Fn(Fault) -> E,
        f: impl FnOnce(&mut dyn FnMut(&[Value<'_>]) -> Result<(), Fault>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.copying(text).map_err(&named)?;
        let mut data = BytesMut::from(&b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"[..]);
        let done = f(&mut |values| {
            data.put_i16(i16::try_from(types.len()).map_err(wrong)?);
            for (value, ty) in values.iter().zip(types) {
                let mut field = BytesMut::new();
                let null = matches!(value.to_sql(ty, &mut field).map_err(wrong)?, IsNull::Yes);
                data.put_i32(if null { -1 } else { i32::try_from(field.len()).map_err(wrong)? });
                data.put(field);
            }
            if data.len() >= HELPING {
                CopyData::new(data.split())?.write(&mut self.out);
                self.flush()?;
            }
            Ok(())
        });
        let end = || {
            if done.is_ok() {
                data.put_i16(-1);
                CopyData::new(data)?.write(&mut self.out);
                frontend::copy_done(&mut self.out);
            } else {
                frontend::copy_fail("broken off", &mut self.out)?;
            }
            self.settle()
        };
        let ended = end();
        // What broke it off says more than that it was broken off.
        let done = done?;
        ended.map_err(named)?;
        Ok(done)
    }
    fn copying(&mut self, text: &str) -> Result<(), Fault> {
        self.settle()?;
        frontend::query(text, &mut self.out).map_err(wrong)?;
        self.owed += 1;
        self.flush()?;
        loop {
            match self.read()? {
                Message::CopyInResponse(_) => return Ok(()),
                Message::ErrorResponse(e) => {
                    self.settle()?;
                    return Err(refused(&e));
                }
                _ => {}
            }
        }
    }

    fn converse(&mut self, hear: &mut dyn FnMut(&Message) -> io::Result<()>) -> Result<u64, Fault> {
        self.part()?;
        let (mut first, mut count) = (None, 0);
        while self.owed > 0 {
            let message = match self.read() {
                Ok(m) => m,
                // The server says why it goes before it goes.
                Err(e) => return Err(first.unwrap_or(e)),
            };
            match &message {
                Message::ErrorResponse(e) => {
                    let at = self.asked.front().filter(|_| self.asked.len() > 1);
                    first = first.or_else(|| Some(said_before(refused(e), at)));
                }
                Message::CommandComplete(done) => {
                    let tag = done.tag()?;
                    count = tag.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
                    self.asked.pop_front();
                }
                Message::ReadyForQuery(r) => {
                    self.owed -= 1;
                    self.state = r.status();
                }
                m => first = first.or(hear(m).err().map(wrong)),
            }
        }
        self.asked.clear();
        first.map_or(Ok(count), Err)
    }

    fn flush(&mut self) -> Result<(), Fault> {
        if !self.out.is_empty() {
            // An answer to what was sent may tell more than this error, but the outcome is the same.
            self.socket.write_all(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Message, Fault> {
        loop {
            if let Some(message) = Message::parse(&mut self.inn)? {
                return Ok(message);
            }
            let mut some = [0; 16_384];
            match self.socket.read(&mut some) {
                Ok(0) => return Err(Fault::Lost("the server closed the connection".into())),
                Ok(n) => self.inn.extend_from_slice(some.get(..n).unwrap_or_default()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
}

/// A value as the protocol wants it.
fn raw(
    value: &Value<'_>,
    ty: &Type,
    out: &mut BytesMut,
) -> Result<postgres_protocol::IsNull, Box<dyn std::error::Error + Sync + Send>> {
    Ok(match value.to_sql(ty, out)? {
        IsNull::Yes => postgres_protocol::IsNull::Yes,
        IsNull::No => postgres_protocol::IsNull::No,
    })
}

fn refused(body: &ErrorResponseBody) -> Fault {
    let (mut code, mut text, mut constraint) = (String::new(), String::new(), None);
    let mut fields = body.fields();
    while let Ok(Some(f)) = fields.next() {
        let value = String::from_utf8_lossy(f.value_bytes()).into_owned();
        match f.type_() {
            b'C' => code = value,
            b'M' => text = value,
            b'n' => constraint = Some(value),
            _ => {}
        }
    }
    Fault::Refused { code, text, constraint }
}

/// Says where the statement is written that failed, if it is not the one that was waited for.
fn said_before(fault: Fault, at: Option<&&'static str>) -> Fault {
    match (fault, at) {
        (Fault::Refused { code, text, constraint }, Some(at)) => {
            Fault::Refused { code, text: format!("{text} (sent before, from {at})"), constraint }
        }
        (fault, _) => fault,
    }
}

/// Where the hosts of an address can be reached, in their order.
fn addresses(config: &Config) -> impl Iterator<Item = io::Result<SockAddr>> {
    let ports = config.get_ports();
    let port = move |i: usize| ports.get(i).or(ports.first()).copied().unwrap_or(5432);
    let named = |(i, host): (usize, &Host)| -> Vec<io::Result<SockAddr>> {
        match (config.get_hostaddrs().get(i), host) {
            (Some(ip), _) => vec![Ok(SocketAddr::new(*ip, port(i)).into())],
            (None, Host::Tcp(name)) => match (name.as_str(), port(i)).to_socket_addrs() {
                Ok(found) => found.map(|a| Ok(a.into())).collect(),
                Err(e) => vec![Err(e)],
            },
            (None, Host::Unix(dir)) => vec![SockAddr::unix(dir.join(format!(".s.PGSQL.{}", port(i))))],
        }
    };
    // Addresses without names.
    let bare = if config.get_hosts().is_empty() { config.get_hostaddrs() } else { &[] };
    let bare = bare.iter().enumerate().map(move |(i, ip)| Ok(SocketAddr::new(*ip, port(i)).into()));
    config.get_hosts().iter().enumerate().flat_map(named).chain(bare).collect::<Vec<_>>().into_iter()
}

fn open(config: &Config, address: &SockAddr) -> io::Result<Socket> {
    let socket = Socket::new(address.domain(), socket2::Type::STREAM, None)?;
    match config.get_connect_timeout() {
        Some(limit) => socket.connect_timeout(address, *limit)?,
        None => socket.connect(address)?,
    }
    if address.domain() != Domain::UNIX {
        socket.set_tcp_nodelay(true)?;
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(config.get_tcp_user_timeout().copied())?;
        if config.get_keepalives() {
            socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(config.get_keepalives_idle()))?;
        }
    }
    Ok(socket)
}
