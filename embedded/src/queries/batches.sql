-- The stored batches, in order.
SELECT sensor.text || '/' || session.text || '/' || sequence AS batch, first_number, count AS packets, wire_bytes, malformed,
       time_us(min_time_us) AS first, time_us(max_time_us) AS last, file_bytes, content_hash
FROM batch JOIN name AS sensor ON sensor.id = sensor_id JOIN name AS session ON session.id = session_id
WHERE max_time_us >= :from AND min_time_us < :to
ORDER BY sensor.text, session.text, sequence
LIMIT :limit
