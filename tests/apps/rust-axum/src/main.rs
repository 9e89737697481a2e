//! orbit: how long a satellite needs for one turn around the earth.

use axum::{extract::Path, http::StatusCode, routing::get, Json, Router};
use serde::Serialize;

#[derive(Serialize)]
struct Orbit {
    kilometres: f64,
    minutes: u64,
}

async fn orbit(Path(kilometres): Path<f64>) -> Result<Json<Orbit>, (StatusCode, String)> {
    if kilometres < 0.0 {
        return Err((StatusCode::BAD_REQUEST, "below the ground".into()));
    }
    let radius = (6371.0 + kilometres) * 1000.0;
    let seconds = 2.0 * std::f64::consts::PI * (radius.powi(3) / 3.986_004_418e14).sqrt();
    Ok(Json(Orbit { kilometres, minutes: (seconds / 60.0).round() as u64 }))
}

async fn page() -> Result<String, (StatusCode, String)> {
    std::fs::read_to_string("static/index.html").map_err(|e| (StatusCode::INTERNAL_SERVER_ERROR, e.to_string()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let app = Router::new().route("/", get(page)).route("/orbits/:kilometres", get(orbit));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await.unwrap();
    println!("orbit listens on {}", listener.local_addr().unwrap());
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap().recv().await;
        })
        .await
        .unwrap();
}
