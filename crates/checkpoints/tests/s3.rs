//! The store in a bucket, against a real S3 server on the loopback interface.

mod common;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use common::{commit, resume, write};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rungkeeper_checkpoints::{Handover, ObjectStore, Store, conformance};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;

const KEY: &str = "test-key";
const SECRET: &str = "test-secret";

/// Starts a server that keeps buckets below a directory, until the tests end.
fn serve(root: &Path) -> SocketAddr {
    let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(socket, service.clone()));
            }
        });
    });
    receive.recv().unwrap()
}

async fn answer(socket: tokio::net::TcpStream, service: S3Service) {
    let server = Builder::new(TokioExecutor::new());
    // The client may hang up at any time.
    let _ = server.serve_connection(TokioIo::new(socket), service).await;
}

fn open(address: SocketAddr, prefix: &str, local: &Path) -> ObjectStore {
    let options = [
        ("aws_endpoint", format!("http://{address}")),
        ("aws_allow_http", "true".to_owned()),
        ("aws_access_key_id", KEY.to_owned()),
        ("aws_secret_access_key", SECRET.to_owned()),
        ("aws_region", "us-east-1".to_owned()),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value));
    ObjectStore::from_address(&format!("s3://bucket/{prefix}"), options, local, prefix).unwrap()
}

#[test]
fn conforms_on_s3() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("server/bucket")).unwrap();
    let address = serve(&folder.path().join("server"));
    let local = folder.path().join("local");
    conformance::all(&|name| Box::new(open(address, name, &local.join(name))));
}

#[test]
fn another_machine_goes_on_with_large_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("server/bucket")).unwrap();
    let address = serve(&folder.path().join("server"));
    let large: Vec<u8> = (0..20_000_003_u32).map(|i| (i % 251) as u8).collect();
    let store = open(address, "run", &folder.path().join("old"));
    let staging = store.begin("7").unwrap();
    write(&staging, "large", &large);
    store.commit("7", 1, 1, Handover::Move).unwrap();
    commit(&store, "a/b", 3, b"three");

    let target = folder.path().join("target");
    let store = open(address, "run", &folder.path().join("new"));
    let restored = store.restore("7", &target).unwrap();
    assert_eq!(restored.checkpoint.unwrap().bytes, 20_000_003);
    assert!(fs::read(target.join("large")).unwrap() == large);
    assert_eq!(resume(&store, "a/b"), Some((3, "three".to_owned())));
    store.delete("7").unwrap();
    store.delete("a/b").unwrap();
    assert!(store.list().unwrap().is_empty());
}
