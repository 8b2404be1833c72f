//! `planguard runtask serve`, asked by a real HTTP client; HCP Terraform is played by a server on this machine.

#[cfg(not(feature = "serve"))]
#[test]
fn without_the_server_it_says_how_to_get_it() {
    use crate::process::{planguard, run};

    let directory = tempfile::tempdir().expect("a directory");
    let (code, stdout, stderr) = run(planguard(directory.path(), &["runtask", "serve"]));
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("PG-RT-010") && stderr.contains("--features serve"), "{stderr}");
    eprintln!(
        "skipped: the server of run tasks was not tried; `cargo test --features serve runtask_serve` tries it"
    );
}

#[cfg(feature = "serve")]
mod served {
    use std::collections::VecDeque;
    use std::fs;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::path::Path;
    use std::process::{Child, Command, ExitStatus, Stdio};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::Duration;

    use hmac::{Hmac, KeyInit as _, Mac as _};
    use serde_json::{Value, json};
    use sha2::Sha512;
    use tempfile::TempDir;
    use ureq::Agent;

    use crate::process::{planguard, run};

    const KEY: &str = "a key of forty characters, more or less";
    const TOKEN: &str = "hcp-token-of-a-run";

    /// Long enough for every step of a test, also on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(120);

    /// What HCP answers.
    enum Reply {
        Status(u16),
        Json(Vec<u8>),
        Elsewhere(String),
        /// A body that ends before its length.
        Half(Vec<u8>),
        /// Nothing, before the channel says so.
        After(Receiver<()>, Box<Self>),
    }

    /// A request that HCP got.
    #[derive(Debug)]
    struct Asked {
        line: String,
        authorization: Option<String>,
        body: String,
    }

    impl Asked {
        fn result(&self) -> (String, String) {
            assert!(self.line.starts_with("PATCH /callback "), "{self:?}");
            assert_eq!(self.authorization.as_deref(), Some("Bearer hcp-token-of-a-run"));
            let value: Value = serde_json::from_str(&self.body).expect("the result is JSON");
            assert_eq!(value["data"]["type"], "task-results");
            let attributes = &value["data"]["attributes"];
            let text = |key: &str| attributes[key].as_str().expect("a text").to_owned();
            (text("status"), text("message"))
        }
    }

    /// HCP Terraform, which answers requests in order.
    struct Hcp {
        address: String,
        asked: Receiver<Asked>,
        replies: Arc<Mutex<VecDeque<Reply>>>,
    }

    impl Hcp {
        fn new() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = format!("http://{}", listener.local_addr().expect("an address"));
            let (sender, asked) = channel();
            let replies = Arc::new(Mutex::new(VecDeque::new()));
            let next = Arc::clone(&replies);
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let (sender, next) = (sender.clone(), Arc::clone(&next));
                    thread::spawn(move || serve(stream, &sender, &next));
                }
            });
            Self { address, asked, replies }
        }

        fn will(&self, replies: impl IntoIterator<Item = Reply>) {
            self.replies.lock().expect("a list").extend(replies);
        }

        fn asked(&self) -> Asked {
            self.asked.recv_timeout(PATIENCE).expect("HCP is asked")
        }

        fn was_asked_nothing(&self) {
            assert!(self.asked.try_recv().is_err());
        }

        /// A payload, with one key changed.
        fn payload(&self, key: &str, value: Value) -> String {
            let mut payload = json!({
                "payload_version": 1, "stage": "post_plan", "access_token": TOKEN,
                "capabilities": { "outcomes": true }, "organization_name": "acme", "run_id": "run-1",
                "task_result_callback_url": format!("{}/callback", self.address),
                "plan_json_api_url": format!("{}/plan", self.address),
            });
            payload[key] = value;
            payload.to_string()
        }

        fn asks(&self) -> String {
            self.payload("run_id", json!("run-1"))
        }
    }

    fn serve(stream: TcpStream, asked: &Sender<Asked>, replies: &Mutex<VecDeque<Reply>>) {
        let mut reader = BufReader::new(&stream);
        loop {
            let (mut line, mut authorization, mut length) = (String::new(), None, 0);
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            loop {
                let mut header = String::new();
                reader.read_line(&mut header).expect("a header");
                match header.trim_end().split_once(": ") {
                    None => break,
                    Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                        authorization = Some(value.to_owned());
                    }
                    Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                        length = value.parse().expect("a length");
                    }
                    Some(_) => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            let body = String::from_utf8(body).expect("UTF-8");
            let reply = replies.lock().expect("a list").pop_front().expect("an answer is prepared");
            asked.send(Asked { line, authorization, body }).expect("the test listens");
            reply_with(&stream, reply);
        }
    }

    fn reply_with(mut stream: &TcpStream, reply: Reply) {
        let (status, header, length, body) = match reply {
            Reply::Status(status) => (status, String::new(), 0, Vec::new()),
            Reply::Json(body) => (200, String::new(), body.len(), body),
            Reply::Elsewhere(address) => (307, format!("Location: {address}\r\n"), 0, Vec::new()),
            Reply::Half(body) => (200, String::new(), 2 * body.len(), body),
            Reply::After(when, reply) => {
                let _ = when.recv_timeout(PATIENCE);
                return reply_with(stream, *reply);
            }
        };
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{header}\r\n");
        // Who asks may have given up.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        if length != body.len() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// A running server; what it printed stands in `log` when it has ended.
    struct Served {
        /// It has the file of the key.
        _directory: TempDir,
        process: Child,
        address: String,
        log: Arc<Mutex<String>>,
        client: Agent,
    }

    impl Drop for Served {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    fn command(directory: &Path, arguments: &[&str]) -> Command {
        let own = ["runtask", "serve", "--listen", "127.0.0.1:0"];
        let mut command = planguard(directory, &[&own[..], arguments].concat());
        for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        command.env_remove("PLANGUARD_HMAC_KEY");
        command
    }

    impl Served {
        fn new(hcp: &Hcp, arguments: &[&str]) -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            fs::write(directory.path().join("key"), format!("{KEY}\n")).expect("a directory");
            let own = ["--key", "key", "--api-host", &hcp.address, "--download-host", &hcp.address];
            let mut command = command(directory.path(), &[&own[..], arguments].concat());
            let mut process =
                command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server starts");
            let mut stderr = BufReader::new(process.stderr.take().expect("a stream"));
            let mut first = String::new();
            stderr.read_line(&mut first).expect("the server says where it is");
            let address = first.trim_end().rsplit_once(' ').expect("an address").1.to_owned();
            assert!(address.starts_with("http://127.0.0.1:"), "{first}");
            let log = Arc::new(Mutex::new(String::new()));
            let lines = Arc::clone(&log);
            thread::spawn(move || {
                for line in stderr.lines().map_while(Result::ok) {
                    lines.lock().expect("a log").push_str(&format!("{line}\n"));
                }
            });
            let config = Agent::config_builder().http_status_as_error(false).proxy(None);
            let client = config.timeout_global(Some(PATIENCE)).build().into();
            Self { _directory: directory, process, address, log, client }
        }

        fn post(&self, payload: &str, signature: Option<&str>) -> u16 {
            let mut request = self.client.post(&self.address);
            if let Some(signature) = signature {
                request = request.header("X-TFC-Task-Signature", signature);
            }
            request.send(payload).expect("an answer").status().as_u16()
        }

        /// Sends a payload as HCP does.
        fn ask(&self, payload: &str) -> u16 {
            self.post(payload, Some(&signature(payload)))
        }

        fn health(&self) -> u16 {
            let answer = self.client.get(format!("{}/healthz", self.address)).call();
            answer.expect("an answer").status().as_u16()
        }

        /// Tells the server to end, which it does when its runs have ended.
        fn terminate(&self) {
            let id = self.process.id().to_string();
            assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        }

        fn ended(mut self) -> (ExitStatus, String) {
            let status = self.process.wait().expect("the server ends");
            let log = self.log.lock().expect("a log").clone();
            assert!(!log.contains(TOKEN) && !log.contains(KEY), "{log}");
            (status, log)
        }
    }

    fn signature(payload: &str) -> String {
        let mut mac = Hmac::<Sha512>::new_from_slice(KEY.as_bytes()).expect("a key");
        mac.update(payload.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn plan(name: &str) -> Reply {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans").join(name).join("plan.json");
        Reply::Json(fs::read(path).expect("a plan"))
    }

    #[test]
    fn a_run_gets_the_verdict_on_its_plan() {
        let hcp = Hcp::new();
        let served = Served::new(&hcp, &[]);
        for (reply, status, message) in [
            (plan("all-clean"), "passed", "PASS: "),
            (plan("already-there"), "failed", "DENIED: "),
            (Reply::Json(b"<html>".to_vec()), "failed", "INCOMPLETE: "),
            (Reply::Json(b"{}".to_vec()), "failed", "INCOMPLETE: "),
            (Reply::Json(Vec::new()), "failed", "INCOMPLETE: "),
        ] {
            hcp.will([reply, Reply::Status(200)]);
            assert_eq!(served.ask(&hcp.asks()), 200);
            let fetched = hcp.asked();
            assert!(fetched.line.starts_with("GET /plan "), "{fetched:?}");
            assert_eq!(fetched.authorization.as_deref(), Some("Bearer hcp-token-of-a-run"));
            let result = hcp.asked();
            let (is, says) = result.result();
            assert_eq!((is.as_str(), says.starts_with(message)), (status, true), "{says}");
            let has_outcomes = result.body.contains("task-result-outcomes");
            assert_eq!(has_outcomes, status == "failed", "{}", result.body);
        }
    }

    #[test]
    fn a_plan_may_be_elsewhere_and_late_but_only_where_it_may_be_fetched() {
        let hcp = Hcp::new();
        let served = Served::new(&hcp, &[]);
        let there = format!("{}/object/secret-of-the-address", hcp.address);
        hcp.will([Reply::Status(204), Reply::Elsewhere(there), plan("all-clean"), Reply::Status(200)]);
        assert_eq!(served.ask(&hcp.asks()), 200);
        let asked: Vec<Asked> = (0..3).map(|_| hcp.asked()).collect();
        assert!(asked[2].line.starts_with("GET /object/secret-of-the-address "), "{asked:?}");
        // The token is for the API.
        let tokens: Vec<bool> = asked.iter().map(|asked| asked.authorization.is_some()).collect();
        assert_eq!(tokens, [true, true, false]);
        assert_eq!(hcp.asked().result().0, "passed");

        let other = "https://169.254.169.254/latest/meta-data/secret-of-the-address";
        hcp.will([Reply::Elsewhere(other.to_owned()), Reply::Status(200)]);
        assert_eq!(served.ask(&hcp.asks()), 200);
        hcp.asked();
        let (status, message) = hcp.asked().result();
        assert!(status == "failed" && message.contains("PG-RT-012"), "{message}");
        assert!(message.contains("169.254.169.254") && !message.contains("secret"), "{message}");

        hcp.will([Reply::Status(200)]);
        assert_eq!(served.ask(&hcp.payload("plan_json_api_url", json!(other))), 200);
        let (status, message) = hcp.asked().result();
        assert!(status == "failed" && message.contains("PG-RT-012"), "{message}");
        served.terminate();
        let (_, log) = served.ended();
        assert!(!log.contains("secret-of-the-address"), "{log}");
    }

    #[test]
    fn who_may_not_ask_is_refused_and_hcp_is_not_asked() {
        let hcp = Hcp::new();
        let served = Served::new(&hcp, &[]);
        let payload = hcp.asks();
        assert_eq!(served.post(&payload, None), 401);
        assert_eq!(served.post(&payload, Some("")), 401);
        assert_eq!(served.post(&payload, Some(&signature("another"))), 401);
        let large = " ".repeat((1 << 20) + 1);
        assert_eq!(served.post(&large, Some(&signature(&large))), 413);
        assert_eq!(served.client.get(&served.address).call().unwrap().status().as_u16(), 405);
        for (key, value) in [
            ("payload_version", json!(2)),
            ("stage", json!("post_lunch")),
            ("task_result_callback_url", json!("https://example.com/callback")),
            ("task_result_callback_url", json!("file:///etc/passwd")),
            ("task_result_callback_url", Value::Null),
        ] {
            assert_eq!(served.ask(&hcp.payload(key, value.clone())), 400, "{key} {value}");
        }
        assert_eq!(served.ask("no JSON"), 400);
        // HCP tests the address when somebody creates the run task.
        assert_eq!(served.ask(&hcp.payload("access_token", json!("test-token"))), 200);
        assert_eq!(served.ask(&hcp.payload("stage", json!("test"))), 200);
        assert_eq!(served.health(), 200);
        served.terminate();
        let (status, log) = served.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.contains("answered status 401") && log.contains("tested the address"), "{log}");
        hcp.was_asked_nothing();
    }

    #[test]
    fn a_slow_request_is_ended() {
        let hcp = Hcp::new();
        let served = Served::new(&hcp, &["--request-timeout", "1"]);
        for start in ["POST / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"] {
            let mut stream = TcpStream::connect(served.address.trim_start_matches("http://")).unwrap();
            stream.write_all(start.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        }
        // Whoever opens a connection and says nothing holds nobody up.
        let _silent: Vec<_> = (0..8)
            .map(|_| TcpStream::connect(served.address.trim_start_matches("http://")).unwrap())
            .collect();
        assert_eq!(served.health(), 200);
    }

    #[test]
    fn only_so_many_runs_are_checked_at_a_time() {
        let hcp = Hcp::new();
        let served = Served::new(&hcp, &["--max-runs", "1"]);
        let (release, when) = channel();
        hcp.will([Reply::After(when, Box::new(plan("all-clean"))), Reply::Status(200)]);
        assert_eq!(served.ask(&hcp.asks()), 200);
        hcp.asked();
        assert_eq!(served.ask(&hcp.asks()), 429);
        // A test of the address takes no place.
        assert_eq!(served.ask(&hcp.payload("stage", json!("test"))), 200);
        release.send(()).unwrap();
        assert_eq!(hcp.asked().result().0, "passed");
        // The place is free soon after the result was taken.
        hcp.will([plan("all-clean"), Reply::Status(200)]);
        while served.ask(&hcp.asks()) == 429 {}
        hcp.asked();
        assert_eq!(hcp.asked().result().0, "passed");
    }

    #[test]
    fn a_result_is_sent_again_if_that_may_help() {
        let hcp = Hcp::new();
        let served = Served::new(&hcp, &[]);
        hcp.will([plan("all-clean"), Reply::Status(503), Reply::Status(429), Reply::Status(200)]);
        assert_eq!(served.ask(&hcp.asks()), 200);
        hcp.asked();
        let bodies: Vec<String> = (0..3).map(|_| hcp.asked().body).collect();
        assert!(bodies[0].contains("passed") && bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
        // A result that is refused for good is not.
        hcp.will([plan("all-clean"), Reply::Status(401)]);
        assert_eq!(served.ask(&hcp.asks()), 200);
        hcp.asked();
        hcp.asked();
        served.terminate();
        let (status, log) = served.ended();
        assert_eq!(status.code(), Some(0));
        assert!(log.contains("run-1: exit code 0") && log.contains("PG-RT-016"), "{log}");
        hcp.was_asked_nothing();
    }

    #[test]
    fn whatever_goes_wrong_fails_the_task() {
        let hcp = Hcp::new();
        let arguments = ["--max-size", "1", "--fetch-timeout", "3", "--check-timeout", "5"];
        let served = Served::new(&hcp, &arguments);
        let (_held, never) = channel();
        for (reply, code) in [
            (Reply::Status(404), "PG-RT-014"),
            // Still not there when the time is over.
            (Reply::Status(204), "PG-RT-014"),
            (Reply::Json(vec![b' '; (1 << 20) + 1]), "PG-RT-014"),
            (Reply::Half(b"{\"format_version\": \"1.2\"}".to_vec()), "PG-RT-014"),
            (Reply::After(never, Box::new(Reply::Status(200))), "PG-RT-014"),
        ] {
            let again = matches!(reply, Reply::Status(204)).then_some(Reply::Status(204));
            let times = 1 + usize::from(again.is_some());
            hcp.will([reply].into_iter().chain(again).chain([Reply::Status(200)]));
            assert_eq!(served.ask(&hcp.asks()), 200);
            (0..times).for_each(|_| drop(hcp.asked()));
            let (status, message) = hcp.asked().result();
            assert!(status == "failed" && message.contains(code), "{message}");
            assert!(!message.contains(TOKEN), "{message}");
        }
        for (key, value, code) in
            [("stage", json!("pre_plan"), "PG-RT-005"), ("plan_json_api_url", Value::Null, "PG-RT-014")]
        {
            hcp.will([Reply::Status(200)]);
            assert_eq!(served.ask(&hcp.payload(key, value)), 200);
            let (status, message) = hcp.asked().result();
            assert!(status == "failed" && message.contains(code), "{message}");
        }
    }

    #[test]
    fn a_check_that_gives_no_report_fails_the_task() {
        let hcp = Hcp::new();
        // The policy needs more time than the check has.
        let policy = "package main\n\ndeny contains \"x\" if {\n\tsum([1 | some i in numbers.range(1, 50000); some j in \
            numbers.range(1, 50000); i * j == 7]) == 0\n}\n";
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("policy.rego");
        fs::write(&file, policy).unwrap();
        let file = file.to_str().unwrap();
        let served = Served::new(&hcp, &["--check-timeout", "1", "--", "--policy", file]);
        hcp.will([plan("all-clean"), Reply::Status(200)]);
        assert_eq!(served.ask(&hcp.asks()), 200);
        hcp.asked();
        let (status, message) = hcp.asked().result();
        assert!(status == "failed" && message.contains("PG-RT-015"), "{message}");
    }

    #[test]
    fn the_rules_are_those_of_the_arguments() {
        let hcp = Hcp::new();
        let served = Served::new(&hcp, &["--", "--fail-on", "critical", "--report-only"]);
        hcp.will([plan("already-there"), Reply::Status(200)]);
        assert_eq!(served.ask(&hcp.asks()), 200);
        hcp.asked();
        assert_eq!(hcp.asked().result().0, "passed");
    }

    #[test]
    fn on_sigterm_the_runs_are_finished() {
        let hcp = Hcp::new();
        let served = Served::new(&hcp, &[]);
        let (release, when) = channel();
        hcp.will([Reply::After(when, Box::new(plan("all-clean"))), Reply::Status(200)]);
        assert_eq!(served.ask(&hcp.asks()), 200);
        hcp.asked();
        served.terminate();
        while served.health() == 200 {}
        assert_eq!(served.ask(&hcp.asks()), 503);
        release.send(()).unwrap();
        assert_eq!(hcp.asked().result().0, "passed");
        let (status, log) = served.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.contains("no further run is accepted"), "{log}");
    }

    #[test]
    fn a_server_that_could_not_check_does_not_start() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("key"), KEY).unwrap();
        fs::write(directory.path().join("empty"), "\n").unwrap();
        fs::write(directory.path().join("wrong.rego"), "package main\n\ndeny contains").unwrap();
        for (arguments, says) in [
            (&[][..], "PG-RT-007"),
            (&["--key", "empty"], "PG-RT-007"),
            (&["--key", "missing"], "PG-RT-001"),
            (&["--key", "key", "--listen", "127.0.0.1:99999"], "PG-RT-011"),
            (&["--key", "key", "--api-host", "http://example.com"], "without TLS"),
            (&["--key", "key", "--api-host", "https://example.com/api"], "it is not a host"),
            (&["--key", "key", "--", "plan.json"], "PG-RT-013"),
            (&["--key", "key", "--", "--partition", "1/2"], "PG-RT-013"),
            (&["--key", "key", "--", "--output", "report.json"], "PG-RT-013"),
            (&["--key", "key", "--", "--format", "sarif"], "error"),
            (&["--key", "key", "--", "--no-such-flag"], "--no-such-flag"),
            (&["--key", "key", "--", "--policy", "missing.rego"], "missing.rego"),
            (&["--key", "key", "--", "--policy", "wrong.rego"], "wrong.rego"),
        ] {
            let own: &[&str] =
                if arguments.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
            let arguments = [&["runtask", "serve"], own, arguments].concat();
            let mut command = planguard(directory.path(), &arguments);
            command.env_remove("PLANGUARD_HMAC_KEY");
            let (code, stdout, stderr) = run(command);
            assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
            assert!(stderr.contains(says) && !stderr.contains(KEY), "{arguments:?}: {stderr}");
        }
    }
}
