//! The stores of ended sessions alone, in wrangler's KV and as a Durable Object, at times that the
//! test sets.

use std::collections::HashSet;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use xtask::process::Server;
use xtask::{http, root, wrangler};

/// A Worker that calls a method of a store: the store's name, seconds ahead of the clock, the
/// method and its arguments. It returns the result and the number of lists of KV.
const WORKER: &str = r#"
import { Revocations as Base } from "SOURCES/revocations.js";
import { objectStore } from "SOURCES/revocation_store.js";
import { kvStore } from "SOURCES/revocation_kv.js";

let ahead = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + ahead * 1000;

export class Revocations extends Base {
    async purge() {
        await this.alarm();
        const count = (table) =>
            this.ctx.storage.sql.exec(`SELECT COUNT(*) AS count FROM ${table}`).one().count;
        return [count("entries"), count("events")];
    }
}

export default {
    async fetch(request, env) {
        const [store, seconds, method, ...args] = await request.json();
        ahead = seconds;
        let lists = 0;
        const kv = kvStore({
            list: (options) => (lists++, env.KV.list(options)),
            get: (name) => env.KV.get(name),
            put: (name, value, options) => env.KV.put(name, value, options),
        });
        const object = objectStore(env.OBJECTS);
        object.purge = () => env.OBJECTS.get(env.OBJECTS.idFromName("shard-0")).purge();
        try {
            return Response.json([await { kv, object }[store][method](...args), lists]);
        } catch (error) {
            return Response.json([{ error: String(error) }]);
        }
    },
};
"#;

struct Stores {
    _server: Server,
    url: String,
    now: f64,
}

impl Stores {
    fn start(name: &str) -> Self {
        let directory = wrangler::scratch("stores").join(name);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let sources = root().join("src/bindings/worker");
        let worker = WORKER.replace("SOURCES", sources.to_str().unwrap());
        fs::write(directory.join("worker.js"), worker).unwrap();
        let config = json!({
            "name": "stores", "main": "worker.js", "compatibility_date": "2026-11-01",
            "kv_namespaces": [{"binding": "KV", "id": "kv"}],
            "durable_objects": {"bindings": [{"name": "OBJECTS", "class_name": "Revocations"}]},
            "migrations": [{"tag": "v1", "new_sqlite_classes": ["Revocations"]}],
        });
        let file = directory.join("wrangler.json");
        fs::write(&file, config.to_string()).unwrap();
        let mut command = wrangler::command().unwrap();
        command.arg("dev").arg("--config").arg(file);
        let (server, url) = wrangler::dev(&mut command, &directory.join("state")).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        Self { _server: server, url, now }
    }

    /// The result of a call, and the number of lists of KV.
    fn call(&self, store: &str, ahead: u32, method: &str, arguments: &[Value]) -> (Value, u64) {
        let call = [&[json!(store), json!(ahead), json!(method)], arguments].concat();
        let mut answer = http::post(&self.url, &[], &json!(call)).unwrap().json();
        (answer[0].take(), answer[1].as_u64().unwrap_or_default())
    }

    /// Appends entries whose keys are these numbers, and which expire after a day.
    fn append(&self, store: &str, ahead: u32, id: &str, keys: std::ops::Range<usize>) -> Value {
        let until = self.now + f64::from(ahead) + 300.0;
        let end = self.now as u64 + 86_400;
        let entries: Vec<_> = keys.map(|key| format!("{key:022} {end} *")).collect();
        let arguments = [json!(0), json!(id), json!(until), json!(entries.join("\n"))];
        self.call(store, ahead, "append", &arguments).0
    }

    /// A page: its cursor, whether there are more, its entries, and the number of lists of KV.
    fn read(&self, store: &str, ahead: u32, after: &str) -> (String, bool, Vec<String>, u64) {
        let (page, lists) = self.call(store, ahead, "read", &[json!(0), json!(after)]);
        let page = page.as_str().unwrap_or_else(|| panic!("{page}")).to_owned();
        let mut lines = page.lines().map(str::to_owned);
        let head = lines.next().unwrap();
        let (cursor, rest) = head.split_once(' ').unwrap();
        (cursor.to_owned(), rest.starts_with('1'), lines.collect(), lists)
    }

    /// All entries after a cursor, page by page, and the last cursor.
    fn read_all(&self, store: &str, ahead: u32, after: &str) -> (String, Vec<String>) {
        let (mut cursor, mut all) = (after.to_owned(), Vec::new());
        loop {
            let (next, has_more, entries, _) = self.read(store, ahead, &cursor);
            assert!(entries.len() <= 10_000);
            all.extend(entries);
            cursor = next;
            if !has_more {
                return (cursor, all);
            }
        }
    }
}

#[test]
fn kv_is_listed_by_time_and_divided_into_pages() {
    let stores = Stores::start("kv");
    assert_eq!(stores.append("kv", 0, "first", 0..20), json!(true));
    assert_eq!(stores.append("kv", 0, "first", 0..20), json!(false));
    let (cursor, has_more, entries, lists) = stores.read("kv", 0, "");
    assert_eq!((has_more, entries.len(), lists), (false, 20, 1));
    // for ninety minutes
    for part in 1..9 {
        for thousand in 0..3 {
            let first = part * 10_000 + thousand * 1_000;
            let id = format!("{part}-{thousand}");
            let added = stores.append("kv", part as u32 * 600, &id, first..first + 1_000);
            assert_eq!(added, json!(true));
        }
    }
    let later = 9 * 600;
    for after in ["", &cursor] {
        let (_, entries) = stores.read_all("kv", later, after);
        let different: HashSet<_> = entries.iter().collect();
        assert_eq!((entries.len(), different.len()), (24_020, 24_020));
    }
    // an hour later, a reader asks for the last buckets only
    let (cursor, _) = stores.read_all("kv", later + 3_600, "");
    let (_, _, entries, lists) = stores.read("kv", later + 3_600, &cursor);
    assert!(entries.is_empty() && (1..=3).contains(&lists), "{lists} lists");
    // what appears late is still found
    assert_eq!(stores.append("kv", later + 3_500, "late", 0..1), json!(true));
    assert_eq!(stores.read("kv", later + 3_600, &cursor).2.len(), 1);
}

#[test]
fn the_object_keeps_one_entry_for_a_key_and_forgets_what_has_expired() {
    let stores = Stores::start("object");
    assert_eq!(stores.append("object", 0, "first", 0..3), json!(true));
    let (cursor, _, entries, _) = stores.read("object", 0, "");
    assert_eq!(entries.len(), 3);
    assert_eq!(stores.append("object", 0, "second", 2..3), json!(true));
    let (_, _, again, _) = stores.read("object", 0, &cursor);
    assert_eq!(again, entries[2..]);
    assert_eq!(stores.read("object", 0, "").2.len(), 3);

    let foreign = stores.call("object", 0, "read", &[json!(0), json!("another.1")]).0;
    assert!(foreign.as_str().unwrap().lines().next().unwrap().ends_with(" 0 reset"), "{foreign}");
    for (id, until, entries) in [
        (json!(""), json!(stores.now), json!("")),
        (json!("id"), json!("soon"), json!("")),
        (json!("id"), json!(stores.now), json!("another form")),
        (json!("id"), json!(stores.now), json!(format!("{:022} 1e3 *", 0))),
    ] {
        let failed = stores.call("object", 0, "append", &[json!(0), id, until, entries]).0;
        assert!(failed["error"].as_str().unwrap().contains("TypeError"), "{failed}");
    }
    let purge = |ahead| stores.call("object", ahead, "purge", &[]).0;
    assert_eq!(purge(0), json!([3, 2]));
    assert_eq!(purge(600), json!([3, 0]));
    assert_eq!(purge(90_000), json!([0, 0]));
    assert_eq!(stores.read("object", 90_000, &cursor).2, [""; 0]);
}
