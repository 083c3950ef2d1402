-- The services asked for most, by flows.
SELECT protocol, destination_port AS port, count(DISTINCT session_id || '/' || flow) AS flows,
       sum(packets_forward + packets_reverse) AS packets, sum(bytes_forward + bytes_reverse) AS bytes,
       count(DISTINCT destination) AS servers, count(DISTINCT source) AS clients
FROM flow
WHERE destination_port > 0 AND window_start_us >= :from AND window_start_us < :to
GROUP BY protocol, destination_port ORDER BY flows DESC, bytes DESC
LIMIT :limit
