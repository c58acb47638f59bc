//! The experiment file as a JSON schema, for editors that complete it and show what is wrong.
//!
//! The tables are described where they are read ([`super::file`]), and what is read by hand in [`super::described`].

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::Value;

use super::file::File;

/// The experiment file as a JSON schema (draft 7, which editors of TOML files know).
///
/// ```
/// let schema = rungkeeper_runner::experiment::schema();
/// assert_eq!(schema["properties"]["workers"]["maximum"], 4096);
/// assert_eq!(schema["additionalProperties"], false);
/// ```
#[must_use]
pub fn schema() -> Value {
    let settings = SchemaSettings::draft07().with_transform(WithoutNull);
    let schema = settings.into_generator().into_root_schema_for::<File>();
    schema.to_value()
}

/// TOML has no null: what is optional is left out.
#[derive(Clone, Debug)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(object) = schema.as_object_mut() {
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            let is_null = |kind: &Value| kind == "null" || kind["type"] == "null";
            for key in ["type", "anyOf", "enum"] {
                let Some(Value::Array(kinds)) = object.get_mut(key) else {
                    continue;
                };
                kinds.retain(|kind| !is_null(kind) && !kind.is_null());
                if key == "type" && kinds.len() == 1 {
                    let only = kinds.remove(0);
                    object.insert("type".to_owned(), only);
                } else if key == "anyOf" && kinds.len() == 1 {
                    let only = kinds.remove(0);
                    object.remove("anyOf");
                    // Beside a reference draft 7 ignores all else, a description for example.
                    object.insert("allOf".to_owned(), Value::Array(vec![only]));
                }
            }
        }
        transform_subschemas(self, schema);
    }
}
