-- The sensor's own books by minute.
SELECT sensor.text AS sensor, session.text AS session, time_us(minute_start_us) AS minute, json_extract(row, '$.offered') AS offered,
       json_extract(row, '$.kernelDropped') AS kernel_dropped, json_extract(row, '$.self') AS self,
       json_extract(row, '$.filtered') AS filtered, json_extract(row, '$.duplicate') AS duplicate,
       json_extract(row, '$.sent') AS sent, json_extract(row, '$.malformed') AS malformed
FROM minute JOIN name AS sensor ON sensor.id = sensor_id JOIN name AS session ON session.id = session_id
WHERE minute_start_us >= :from AND minute_start_us < :to
ORDER BY minute_start_us, session
LIMIT :limit
