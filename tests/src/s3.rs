//! An S3 server on the loopback interface, for tests.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, HttpResponse};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

const KEY: &str = "test-key";
const SECRET: &str = "test-secret";

/// A server that keeps its buckets below a directory, as long as it lives.
pub struct Server {
    root: PathBuf,
    address: SocketAddr,
    faults: Arc<Faults>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Server {
    /// Starts a server with some empty buckets.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    #[must_use]
    pub fn start(root: &Path, buckets: &[&str]) -> Self {
        for bucket in buckets {
            std::fs::create_dir_all(root.join(bucket)).expect("a directory for the bucket");
        }
        let mut server = Self {
            root: root.to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            faults: Arc::default(),
            running: None,
        };
        server.start_again();
        server
    }

    /// Starts it again after [`Server::stop`], at the same address, with what it held.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    pub fn start_again(&mut self) {
        self.stop();
        let service = service(&self.root);
        let faults = Arc::clone(&self.faults);
        let (stop, stopped) = oneshot::channel();
        let (to, address) = mpsc::channel();
        let wanted = self.address;
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            // With the runtime all connections end.
            runtime.block_on(async {
                let listener = TcpListener::bind(wanted).await.expect("a free port");
                let bound = listener.local_addr().expect("an address");
                to.send(bound).expect("the test waits");
                tokio::select! {
                    () = accept(listener, service, faults) => {}
                    _ = stopped => {}
                }
            });
        });
        self.address = address.recv().expect("the server starts");
        self.running = Some((stop, thread));
    }

    /// Stops it: connections are cut, new ones refused.
    ///
    /// # Panics
    ///
    /// The server had failed.
    pub fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            // A server that failed does not listen.
            let _ = stop.send(());
            thread.join().expect("the server did not fail");
        }
    }

    /// What it does wrong from now on, until told otherwise.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Where a bucket's objects are kept as files.
    #[must_use]
    pub fn bucket(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The settings of a client, by the names of its environment variables.
    #[must_use]
    pub fn options(&self) -> Vec<(String, String)> {
        let options = [
            ("AWS_ENDPOINT", format!("http://{}", self.address)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ];
        options.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn service(root: &Path) -> S3Service {
    let files = s3s_fs::FileSystem::new(root).expect("a directory for the server");
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    service.build()
}

/// What a server does wrong. Nothing, to begin with.
#[derive(Debug, Default)]
pub struct Faults {
    /// Number of listings that are answered with 200 and no entries.
    pub empty_listings: AtomicUsize,
    /// Whoever asks has no right to delete.
    pub no_deletions: AtomicBool,
    /// Number of requests to delete that find their connection cut, and nothing is deleted.
    pub cut_deletions: AtomicUsize,
    /// Requests that were answered in one of these ways.
    pub done: AtomicUsize,
}

/// A listing of a bucket with nothing in it.
const EMPTY: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix></Prefix><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>"#;

/// The error of a server whose policy does not allow it.
const DENIED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"#;

impl Faults {
    /// The wrong answer to a request, where it is to have one.
    fn answer(&self, request: &Request<Incoming>) -> Option<Result<HttpResponse, HttpError>> {
        let query = request.uri().query().unwrap_or_default();
        let lists = request.method() == Method::GET && query.contains("list-type=2");
        let many = query
            .split('&')
            .any(|part| matches!(part, "delete" | "delete="));
        let deletes = request.method() == Method::DELETE || many;
        let answer = if lists && take_one(&self.empty_listings) {
            Ok(page(StatusCode::OK, EMPTY))
        } else if deletes && take_one(&self.cut_deletions) {
            let error = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            // A service that fails has its connection closed without an answer.
            Err(HttpError::new(Box::new(error)))
        } else if deletes && self.no_deletions.load(Ordering::SeqCst) {
            Ok(page(StatusCode::FORBIDDEN, DENIED))
        } else {
            return None;
        };
        self.done.fetch_add(1, Ordering::SeqCst);
        Some(answer)
    }
}

/// One less of a number that is not 0 yet; whether there was one to take.
fn take_one(number: &AtomicUsize) -> bool {
    let less = |number: usize| number.checked_sub(1);
    let taken = number.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    taken.is_ok()
}

fn page(status: StatusCode, text: &'static str) -> HttpResponse {
    let mut response = HttpResponse::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    let xml = hyper::header::HeaderValue::from_static("application/xml");
    let headers = response.headers_mut();
    headers.insert(hyper::header::CONTENT_TYPE, xml);
    response
}

async fn accept(listener: TcpListener, service: S3Service, faults: Arc<Faults>) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(answer(socket, service.clone(), Arc::clone(&faults)));
    }
}

async fn answer(socket: TcpStream, service: S3Service, faults: Arc<Faults>) {
    let server = Builder::new(TokioExecutor::new());
    let service = service_fn(|request: Request<Incoming>| {
        let wrong = faults.answer(&request);
        let service = service.clone();
        async move {
            match wrong {
                Some(answer) => answer,
                None => service.call(request.map(Body::from)).await,
            }
        }
    });
    // The client may hang up at any time.
    let _ = server.serve_connection(TokioIo::new(socket), service).await;
}
