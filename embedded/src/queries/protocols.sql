-- Packets and bytes by protocol.
SELECT json_extract(entry.value, '$.key') AS protocol, sum(json_extract(entry.value, '$.packets')) AS packets,
       sum(json_extract(entry.value, '$.bytes')) AS bytes
FROM kpi, json_each(kpi.row, '$.protocols') AS entry
WHERE window_start_us >= :from AND window_start_us < :to
GROUP BY protocol ORDER BY packets DESC
LIMIT :limit
