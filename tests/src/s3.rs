//! An S3 server on the loopback interface, for tests.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

const KEY: &str = "test-key";
const SECRET: &str = "test-secret";

/// A server that keeps its buckets below a directory, as long as it lives.
pub struct Server {
    root: PathBuf,
    address: SocketAddr,
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
                    () = accept(listener, service) => {}
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

async fn accept(listener: TcpListener, service: S3Service) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(answer(socket, service.clone()));
    }
}

async fn answer(socket: TcpStream, service: S3Service) {
    let server = Builder::new(TokioExecutor::new());
    // The client may hang up at any time.
    let _ = server.serve_connection(TokioIo::new(socket), service).await;
}
