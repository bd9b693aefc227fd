//! `linli serve`: pages, API, metrics and the one worker.
use crate::commands::{Done, Failure};
use crate::house::{self, How, Place};
use crate::modules;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use linli_core::{Actor, Cx, House, Lang, Result, Via, Worker};
use linli_matters::FileStore;
use linli_web::{App, AppOptions};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Options of `linli serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// 监听地址 · Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// 在 TLS 反向代理之后：Cookie 只走 HTTPS · Behind a TLS proxy: cookies travel over HTTPS only
    #[arg(long)]
    secure: bool,
    /// 每个客户端每分钟最多请求数，0 为不限 · Requests per client and minute, 0 for no limit
    #[arg(long, default_value_t = 1200)]
    per_minute: u32,
    /// 到 PostgreSQL 的连接数；不写则为本机处理器数的四倍 · Connections to PostgreSQL; by default four for each processor of this machine
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    connections: Option<u16>,
    /// 仅供测试：不保证断电后数据仍在 · Tests only: what is committed may not survive a power cut
    #[arg(long, hide = true)]
    weak_durability: bool,
}

/// Runs until the process is told to stop.
pub(crate) fn run(args: Args) -> Done {
    let filter = tracing_subscriber::EnvFilter::try_from_env("LINLI_LOG").unwrap_or_else(|_| "warn,linli=info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let metrics = PrometheusBuilder::new().install_recorder().map_err(Failure::failed)?;
    let house = house::open(
        &args.place,
        How { weak: args.weak_durability, connections: args.connections.map(usize::from), ..How::real() },
    )?;
    let stop = Arc::new(AtomicBool::new(false));
    let worker = spawn_worker(house.clone(), stop.clone());
    let app = app(house.clone(), args.secure, args.per_minute);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(args.listen)
            .await
            .map_err(|e| Failure::failed(format!("{}: {e}", args.listen)))?;
        let address = listener.local_addr().map_err(Failure::failed)?;
        println!("linli: http://{address}");
        let routes = modules::routes().route("/metrics", get(render_metrics).layer(axum::Extension(metrics)));
        let service = app.router(routes).into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).with_graceful_shutdown(end(house.clone())).await.map_err(Failure::failed)
    });
    stop.store(true, Ordering::Relaxed);
    drop(worker.join());
    served.and_then(|()| house.db.lost().map_or(Ok(()), |e| Err(Failure::failed(e))))
}

/// Somebody ends the program, or it must be started again to learn what the disk has.
async fn end(house: Arc<House>) {
    let mut every_second = tokio::time::interval(std::time::Duration::from_secs(1));
    let lost = async {
        while house.db.lost().is_none() {
            every_second.tick().await;
        }
    };
    tokio::select! {
        () = told_to_stop() => {}
        () = lost => {}
    }
}

async fn told_to_stop() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// The worker of this process; on a shared database only the holder of the lock works.
fn spawn_worker(house: Arc<House>, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            match house.db.lock_worker() {
                Ok(Some(lock)) => Worker::new(house.clone()).run(|| stop.load(Ordering::Relaxed) || !lock.alive()),
                Ok(None) => std::thread::sleep(std::time::Duration::from_secs(2)),
                Err(e) => {
                    tracing::warn!(error = %e, "worker lock");
                    std::thread::sleep(std::time::Duration::from_secs(2));
                }
            }
        }
    })
}

/// Metrics are for the operator's own machine: asked from elsewhere, or through a proxy, they do not exist.
async fn render_metrics(
    State(app): State<App>,
    axum::Extension(handle): axum::Extension<PrometheusHandle>,
    axum::extract::ConnectInfo(peer): axum::extract::ConnectInfo<SocketAddr>,
    req: linli_web::Req,
) -> axum::response::Response {
    if !peer.ip().is_loopback() || req.headers.contains_key("x-forwarded-for") {
        return app.refuse(&req, linli_core::Error::NotFound).await;
    }
    ([(axum::http::header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
}

/// The shell over a house.
pub fn app(house: Arc<House>, secure: bool, per_minute: u32) -> App {
    let store = house.clone();
    App::new(AppOptions {
        house,
        identify,
        nav: crate::nav::nav,
        touch: linli_registry::touch_session,
        store_file: Arc::new(move |name, bytes| {
            let prepared = linli_matters::prepare(name, bytes)?;
            store.part::<FileStore>()?.put(&prepared)?;
            Ok(prepared.upload)
        }),
        secure,
        per_minute,
    })
}

/// An unknown or missing token is nobody on a page, and refused in the API.
fn identify(cx: &mut Cx<'_, '_>, token: &str, via: Via, lang: Lang) -> Result<Option<Actor>> {
    let known = if token.is_empty() { None } else { linli_registry::actor_by_token(cx, token, via)? };
    Ok(match known {
        // The language of this request, not the stored one: the page was asked for in it.
        Some(actor) => Some(Actor { lang, ..actor }),
        None if via == Via::Api && !token.is_empty() => None,
        None => {
            let root = linli_registry::units(cx)?.root();
            Some(Actor::anyone(Some(root), lang, via))
        }
    })
}
