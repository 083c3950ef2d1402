-- The flows of a host with their totals over all windows; without --host, of everybody.
SELECT time_us(min(first_us)) AS first, time_us(max(last_us)) AS last, protocol, source, source_port, destination, destination_port,
       sum(packets_forward) AS packets_out, sum(packets_reverse) AS packets_back,
       sum(bytes_forward) AS bytes_out, sum(bytes_reverse) AS bytes_back
FROM flow
WHERE window_start_us >= :from AND window_start_us < :to AND (:host IS NULL OR source = :host OR destination = :host)
GROUP BY sensor_id, session_id, flow ORDER BY min(first_us), flow
LIMIT :limit
