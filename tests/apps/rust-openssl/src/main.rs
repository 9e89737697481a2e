//! seal: signs what it is sent, and asks over TLS whether the notary is there. The system's OpenSSL does the work.

use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer, ssl::{SslConnector, SslMethod}};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

fn notary() -> Result<String, Box<dyn std::error::Error>> {
    let address = std::env::var("NOTARY").unwrap_or("localhost:9443".into());
    let host = address.split(':').next().unwrap_or_default();
    let connector = SslConnector::builder(SslMethod::tls())?.build();
    let mut stream = connector.connect(host, TcpStream::connect(&address)?)?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.lines().last().unwrap_or_default().to_string())
}

fn sign(text: &str) -> Result<String, openssl::error::ErrorStack> {
    let key = PKey::hmac(b"not a secret")?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    signer.update(text.as_bytes())?;
    Ok(signer.sign_to_vec()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn serve(mut stream: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
    let mut line = String::new();
    BufReader::new(stream.try_clone()?).read_line(&mut line)?;
    let (status, body) = match line.split(' ').nth(1) {
        Some("/notary") => match notary() {
            Ok(answer) => ("200 OK", answer),
            Err(problem) => ("502 Bad Gateway", problem.to_string()),
        },
        Some(path) => ("200 OK", sign(path)?),
        None => ("400 Bad Request", String::new()),
    };
    write!(stream, "HTTP/1.0 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    Ok(())
}

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:6000")?;
    println!("seal listens on 6000, {}", openssl::version::version());
    for stream in listener.incoming() {
        if let Err(problem) = serve(stream?) {
            eprintln!("seal: {problem}");
        }
    }
    Ok(())
}
