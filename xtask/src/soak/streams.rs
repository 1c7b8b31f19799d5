//! Streams: large bodies in both directions, some of which the client aborts.

use std::io::{Error, ErrorKind, Result};
use std::thread;
use std::time::Duration;

use super::body::{Body, Hash};
use super::client::{self, Client};
use super::judge::Request;
use super::lanes::Lanes;
use super::oracle::Path;
use super::plan::PhaseKind;
use super::requests::Requests;
use super::traffic::Kind;
use super::upstream::STREAM;
use super::users::Defect;
use super::wire::Wire;

/// Sends streams, more and larger ones in their phase.
pub(super) fn run(lanes: &Lanes, lane: usize) {
    let mut requests = Requests::new(&lanes.mint, lane);
    let mut client = Client::new(lanes.address);
    while !lanes.is_stopped() {
        let is_phase = lanes.phase() == PhaseKind::Streams;
        let most = if is_phase { 4_000_000 } else { 400_000 };
        let length = 100_000 + requests.random.below(most - 100_000);
        let kinds =
            [Kind::Upload, Kind::Download, Kind::Download, Kind::Aborted, Kind::UploadRejected];
        let kind = *requests.random.of(&kinds);
        let streamed = match kind {
            Kind::Upload | Kind::UploadRejected => {
                upload(lanes, &mut requests, kind, length, &mut client)
            }
            Kind::Download => download(lanes, &mut requests, length, &mut client),
            _ if requests.random.below(2) == 0 => abort_upload(lanes, &mut requests, length),
            _ => abort_download(lanes, &mut requests, length),
        };
        if let Err(error) = streamed {
            lanes.judge.lose(kind, &error);
        }
        if !is_phase {
            thread::sleep(REST);
        }
    }
}

/// Between streams, so that most requests are short.
const REST: Duration = Duration::from_millis(250);

fn upload(
    lanes: &Lanes,
    requests: &mut Requests,
    kind: Kind,
    length: usize,
    client: &mut Client,
) -> Result<()> {
    let (index, mut token, target) = requests.user("upload");
    // the Worker reads no body that it rejects, so a longer one would block
    let mut length = length;
    if kind == Kind::UploadRejected {
        let defect = *requests.random.of(&[Defect::Signature, Defect::Expired, Defect::Audience]);
        token = requests.fresh(index, defect);
        length = length.min(150_000);
    }
    let mut request = requests.build(kind, index, &token, Path::Open, &target);
    request.body.length = length;
    let sent = lanes.mint.keys.now();
    let send = |wire: &mut Wire| {
        wire.send(&request.bytes)?;
        request.body.pieces().try_for_each(|piece| wire.send_chunk(piece))?;
        wire.send_chunk(b"")
    };
    // the Worker may have responded and closed the connection before the body was sent
    let send = |wire: &mut Wire| match (send(wire), kind) {
        (Err(_), Kind::UploadRejected) => Ok(()),
        (sent, _) => sent,
    };
    let response = client.exchange(send, false, |_| ())?;
    lanes.judge.judge(&request, &response, sent, lanes.mint.keys.now());
    Ok(())
}

fn download(
    lanes: &Lanes,
    requests: &mut Requests,
    length: usize,
    client: &mut Client,
) -> Result<()> {
    let request = download_of(requests, Kind::Download, length);
    let sent = lanes.mint.keys.now();
    let mut hash = Hash::default();
    let response =
        client.exchange(|wire| wire.send(&request.bytes), false, |piece| hash.add(piece))?;
    lanes.judge.judge(&request, &response, sent, lanes.mint.keys.now());
    let body = Body { length, ..request.body };
    if response.echo.is_some() && hash.text() != body.hash() {
        lanes.judge.find_in(Kind::Download, "the body of the response was changed");
    }
    Ok(())
}

fn download_of(requests: &mut Requests, kind: Kind, length: usize) -> Request {
    let (index, token, target) = requests.user(&format!("large{STREAM}{length}"));
    requests.build(kind, index, &token, Path::Open, &target)
}

/// Sends half of a body and closes the connection.
fn abort_upload(lanes: &Lanes, requests: &mut Requests, length: usize) -> Result<()> {
    let (index, token, target) = requests.user("upload");
    let mut request = requests.build(Kind::Upload, index, &token, Path::Open, &target);
    request.body.length = length / 2;
    let mut wire = Wire::connect(lanes.address)?;
    wire.send(&request.bytes)?;
    request.body.pieces().try_for_each(|piece| wire.send_chunk(piece))?;
    lanes.judge.abort(request.body.number);
    Ok(())
}

/// Reads half of a response and closes the connection.
fn abort_download(lanes: &Lanes, requests: &mut Requests, length: usize) -> Result<()> {
    let request = download_of(requests, Kind::Aborted, length);
    let sent = lanes.mint.keys.now();
    let mut wire = Wire::connect(lanes.address)?;
    wire.send(&request.bytes)?;
    let head = wire.head()?.ok_or(Error::from(ErrorKind::ConnectionReset))?;
    let response = client::response(&head)?;
    if response.echo.is_none() {
        // a problem response is short
        let response = client::read(&mut wire, &head, false, |_| ())?;
        lanes.judge.judge(&request, &response, sent, lanes.mint.keys.now());
        return Ok(());
    }
    wire.skip(length as u64 / 2)?;
    lanes.judge.judge(&request, &response, sent, lanes.mint.keys.now());
    Ok(())
}
