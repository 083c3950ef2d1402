-- The flows that lasted longest.
SELECT protocol, source, source_port, destination, destination_port, time_us(min(first_us)) AS first,
       round((max(last_us) - min(first_us)) / 1e6, 1) AS seconds, sum(bytes_forward) AS bytes_out, sum(bytes_reverse) AS bytes_back
FROM flow
WHERE window_start_us >= :from AND window_start_us < :to
GROUP BY sensor_id, session_id, flow ORDER BY max(last_us) - min(first_us) DESC
LIMIT :limit
