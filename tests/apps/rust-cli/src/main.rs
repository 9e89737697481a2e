//! plates: prints the number plates in the files of a folder.

use lexopt::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut folder = std::path::PathBuf::from(".");
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("version") => {
                println!("plates {}", env!("CARGO_PKG_VERSION"));
                return Ok(());
            }
            Value(value) => folder = value.into(),
            _ => return Err(argument.unexpected().into()),
        }
    }
    let plate = regex::Regex::new("[A-Z]{2}-[0-9]{3}-[A-Z]{2}")?;
    let mut found = 0;
    for entry in std::fs::read_dir(&folder)? {
        let text = std::fs::read_to_string(entry?.path())?;
        for hit in plate.find_iter(&text) {
            println!("plate {}", hit.as_str());
            found += 1;
        }
    }
    if found == 0 {
        std::process::exit(4);
    }
    Ok(())
}
