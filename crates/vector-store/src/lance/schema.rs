//! The table's columns, and rows as arrow batches.

use crate::{Row, StoreError};
use docent_text::fold;
use lancedb::arrow::arrow_array::cast::AsArray;
use lancedb::arrow::arrow_array::types::{Float32Type, Int64Type};
use lancedb::arrow::arrow_array::{
    ArrayRef, FixedSizeListArray, Float32Array, Int64Array, RecordBatch, StringArray,
};
use lancedb::arrow::arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

pub(super) const CHUNK: &str = "chunk_id";
pub(super) const REVISION: &str = "rev_id";
pub(super) const DOCUMENT: &str = "doc_id";
pub(super) const SOURCE: &str = "source_id";
pub(super) const BATCH: &str = "batch_id";
/// What full text is made of: the row's text, folded, so that full-width letters, ligatures and case
/// are the same in documents and questions. It is never shown to anyone.
pub(super) const TEXT: &str = "text";
pub(super) const TITLE: &str = "title";
pub(super) const VECTOR: &str = "vector";

/// The columns; none may be null.
pub(super) fn schema(dimension: usize) -> SchemaRef {
    let mut fields: Vec<Field> = [CHUNK, REVISION, DOCUMENT, SOURCE, BATCH]
        .into_iter()
        .map(|name| Field::new(name, DataType::Int64, false))
        .collect();
    fields.push(Field::new(TEXT, DataType::Utf8, false));
    fields.push(Field::new(TITLE, DataType::Utf8, false));
    fields.push(Field::new(VECTOR, vector_type(dimension), false));
    Arc::new(Schema::new(fields))
}

fn vector_type(dimension: usize) -> DataType {
    // Far below the limit in any model; a saturated value is refused when the batch is made.
    DataType::FixedSizeList(item(), i32::try_from(dimension).unwrap_or(i32::MAX))
}

fn item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Float32, true))
}

/// Length of the vectors of a table that exists, if it has the columns of [`schema`].
pub(super) fn dimension_of(found: &Schema) -> Result<usize, StoreError> {
    let known = schema(0);
    for field in known.fields().iter().filter(|field| field.name() != VECTOR) {
        let column = column_name(field.name());
        let same = found.field_with_name(field.name()).is_ok_and(|it| it.data_type() == field.data_type());
        if !same {
            return Err(StoreError::Column { column });
        }
    }
    match found.field_with_name(VECTOR).map(Field::data_type) {
        Ok(DataType::FixedSizeList(item, length)) if item.data_type() == &DataType::Float32 => {
            usize::try_from(*length).map_err(|_| StoreError::Column { column: VECTOR })
        }
        _ => Err(StoreError::Column { column: VECTOR }),
    }
}

fn column_name(name: &str) -> &'static str {
    [CHUNK, REVISION, DOCUMENT, SOURCE, BATCH, TEXT, TITLE]
        .into_iter()
        .find(|it| *it == name)
        .unwrap_or(VECTOR)
}

/// Rows, whose vectors are all of this length, as one batch.
pub(super) fn to_batch(rows: &[Row], dimension: usize) -> Result<RecordBatch, ArrowError> {
    let ids = |of: fn(&Row) -> i64| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Int64Array>()) };
    let values: Float32Array =
        rows.iter().flat_map(|row| row.vector.iter().copied()).collect::<Vec<_>>().into();
    let length = i32::try_from(dimension).unwrap_or(i32::MAX);
    let texts = StringArray::from_iter_values(rows.iter().map(|row| fold(&row.text)));
    let titles = StringArray::from_iter_values(rows.iter().map(|row| row.title.as_str()));
    RecordBatch::try_new(
        schema(dimension),
        vec![
            ids(|row| row.chunk.0),
            ids(|row| row.revision.0),
            ids(|row| row.document.0),
            ids(|row| row.source.0),
            ids(|row| row.batch.0),
            Arc::new(texts),
            Arc::new(titles),
            Arc::new(FixedSizeListArray::try_new(item(), length, Arc::new(values), None)?),
        ],
    )
}

/// A column of ids.
pub(super) fn ids<'b>(batch: &'b RecordBatch, column: &'static str) -> Result<&'b [i64], StoreError> {
    let array = batch.column_by_name(column).and_then(|array| array.as_primitive_opt::<Int64Type>());
    array.map(|array| &array.values()[..]).ok_or(StoreError::Column { column })
}

/// A column of scores or distances.
pub(super) fn floats<'b>(batch: &'b RecordBatch, column: &'static str) -> Result<&'b [f32], StoreError> {
    let array = batch.column_by_name(column).and_then(|array| array.as_primitive_opt::<Float32Type>());
    array.map(|array| &array.values()[..]).ok_or(StoreError::Column { column })
}

/// The texts of a batch.
pub(super) fn texts(batch: &RecordBatch) -> Result<&StringArray, StoreError> {
    let array = batch.column_by_name(TEXT).and_then(|array| array.as_string_opt::<i32>());
    array.ok_or(StoreError::Column { column: TEXT })
}

/// The vector in row `at` of a batch.
pub(super) fn vector(batch: &RecordBatch, at: usize) -> Result<Vec<f32>, StoreError> {
    let wrong = || StoreError::Column { column: VECTOR };
    let list =
        batch.column_by_name(VECTOR).and_then(|array| array.as_fixed_size_list_opt()).ok_or_else(wrong)?;
    let values = list.value(at);
    let values = values.as_primitive_opt::<Float32Type>().ok_or_else(wrong)?;
    Ok(values.values().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_corpus::{BatchId, ChunkId, DocumentId, RevisionId, SourceId};

    #[test]
    fn rows_become_a_batch_and_back() {
        let row = Row {
            chunk: ChunkId(1),
            revision: RevisionId(2),
            document: DocumentId(3),
            source: SourceId(4),
            batch: BatchId(5),
            text: "Ｆｕｌｌ Text".to_owned(),
            title: "Title".to_owned(),
            vector: vec![0.5, -1.0],
        };
        let batch = to_batch(&[row.clone(), row], 2).unwrap();
        assert_eq!(ids(&batch, CHUNK).unwrap(), [1, 1]);
        assert_eq!(ids(&batch, BATCH).unwrap(), [5, 5]);
        assert_eq!(texts(&batch).unwrap().value(1), "full text");
        assert_eq!(vector(&batch, 1).unwrap(), [0.5, -1.0]);
        assert_eq!(floats(&batch, VECTOR).unwrap_err().code(), "store_failed");
        assert_eq!(dimension_of(&batch.schema()).unwrap(), 2);
    }

    #[test]
    fn a_table_of_other_columns_is_refused() {
        let other = Schema::new(vec![Field::new(CHUNK, DataType::Int64, false)]);
        assert!(matches!(dimension_of(&other), Err(StoreError::Column { column: REVISION })));
    }
}
