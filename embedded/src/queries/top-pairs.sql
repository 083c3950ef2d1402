-- Who talks to whom, by bytes in both directions.
SELECT source, destination, count(DISTINCT session_id || '/' || flow) AS flows, sum(packets_forward + packets_reverse) AS packets,
       sum(bytes_forward) AS bytes_out, sum(bytes_reverse) AS bytes_back
FROM flow
WHERE window_start_us >= :from AND window_start_us < :to
GROUP BY source, destination ORDER BY bytes_out + bytes_back DESC
LIMIT :limit
