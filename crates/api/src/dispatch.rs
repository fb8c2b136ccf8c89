//! Commands by name and JSON, for hosts that have no types: the terminal's `call`, tests.

use crate::Api;
use crate::Sink;
use crate::wire::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn decode<T: DeserializeOwned>(request: Value) -> Result<T, ApiError> {
    serde_json::from_value(request).map_err(|error| ApiError::new(Code::BadRequest, error.to_string()))
}

fn encode<T: Serialize>(answer: T) -> Result<Value, ApiError> {
    serde_json::to_value(answer).map_err(|error| ApiError::new(Code::Internal, error.to_string()))
}

macro_rules! dispatch {
    (calls { $($call:ident($req:ty) -> $res:ty;)* } streams { $($stream:ident($sreq:ty) => $event:ty;)* }) => {
        impl Api {
            /// Runs the call or stream `name`; a stream's events go to `events`, its answer is `null`.
            ///
            /// # Errors
            /// `bad_request` for an unknown name or a request of another shape, else what the command says.
            pub async fn dispatch(&self, name: &str, request: Value, events: Sink<Value>) -> Result<Value, ApiError> {
                match name {
                    $(stringify!($call) => encode(self.$call(decode::<$req>(request)?).await?),)*
                    $(stringify!($stream) => {
                        let sink = Sink::new(move |event: $event| {
                            encode(event).is_ok_and(|event| events.send(event))
                        });
                        self.$stream(decode::<$sreq>(request)?, sink).await?;
                        Ok(Value::Null)
                    })*
                    _ => Err(ApiError::new(Code::BadRequest, format!("there is no command `{name}`"))),
                }
            }
        }
    };
}
crate::with_commands!(dispatch);
