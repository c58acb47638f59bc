//! Azurite, Microsoft's emulator of Azure's blob storage, on the loopback interface, for tests.
//!
//! `cargo xtask test` installs it below the target folder.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

/// The only account of the emulator.
const ACCOUNT: &str = "tests";
/// Its key, which is made up.
const KEY: &str = "bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0ZXN0cw==";

/// Makes a container: the one request that the clients of `object_store` do not know.
///
/// What is signed, and how, is the "Shared Key" scheme of Azure's documentation.
const MAKE_CONTAINER: &str = r"
const [account, key, endpoint, container] = process.argv.slice(1);
const headers = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': '2021-12-02' };
const names = Object.keys(headers).map((name) => `${name}:${headers[name]}\n`).join('');
const url = new URL(`${endpoint}/${container}?restype=container`);
const text = 'PUT' + '\n'.repeat(12) + names + `/${account}${url.pathname}\nrestype:container`;
const hmac = require('crypto').createHmac('sha256', Buffer.from(key, 'base64'));
headers.Authorization = `SharedKey ${account}:${hmac.update(text, 'utf8').digest('base64')}`;
fetch(url, { method: 'PUT', headers }).then(async (answer) => {
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
}).catch((error) => { console.error(error); process.exit(1); });
";

/// An emulator that keeps what it is given in memory, as long as it lives.
pub struct Azurite {
    process: Child,
    /// Such as `http://127.0.0.1:40001`.
    address: String,
}

impl Azurite {
    /// Starts an emulator on a free port, with some empty containers. `target` is the target folder.
    ///
    /// # Panics
    ///
    /// It is not installed, or cannot be started.
    #[must_use]
    pub fn start(target: &Path, containers: &[&str]) -> Self {
        let program = program(target);
        let mut process = Command::new(&program)
            .args(["--blobHost", "127.0.0.1", "--blobPort", "0"])
            .args(["--inMemoryPersistence", "--silent", "--disableTelemetry"])
            .arg("--skipApiVersionCheck")
            .env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{KEY}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                let program = program.display();
                panic!("{program}: {error}; `cargo xtask test --only azurite` installs it")
            });
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe"));
        let address = loop {
            let mut line = String::new();
            let read = lines.read_line(&mut line).expect("text");
            assert!(read > 0, "azurite ended before it listened");
            if let Some((_, address)) = line.split_once("successfully listens on ") {
                break address.trim().to_owned();
            }
        };
        // It is never kept from going on by a pipe that is full.
        thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        let azurite = Self { process, address };
        for container in containers {
            azurite.make_container(container);
        }
        azurite
    }

    fn make_container(&self, name: &str) {
        let endpoint = self.endpoint();
        let output = Command::new("node")
            .args(["--eval", MAKE_CONTAINER, "--"])
            .args([ACCOUNT, KEY, &endpoint, name])
            .output()
            .expect("node, in which azurite runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }

    /// The address of the account.
    fn endpoint(&self) -> String {
        format!("{}/{ACCOUNT}", self.address)
    }

    /// The settings of a client that is told the endpoint, by the names of its environment
    /// variables.
    #[must_use]
    pub fn options(&self) -> Vec<(String, String)> {
        let options = [
            ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT.to_owned()),
            ("AZURE_STORAGE_ACCOUNT_KEY", KEY.to_owned()),
            ("AZURE_STORAGE_ENDPOINT", self.endpoint()),
            ("AZURE_ALLOW_HTTP", "true".to_owned()),
        ];
        options.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// The environment of a client that is told to use the emulator, and where it listens.
    #[must_use]
    pub fn emulator(&self) -> Vec<(String, String)> {
        let variables = [
            ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT.to_owned()),
            ("AZURE_STORAGE_ACCOUNT_KEY", KEY.to_owned()),
            ("AZURE_STORAGE_USE_EMULATOR", "true".to_owned()),
            ("AZURITE_BLOB_STORAGE_URL", self.address.clone()),
        ];
        variables
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program(target: &Path) -> PathBuf {
    target.join("azurite/node_modules/.bin/azurite-blob")
}
