-- Every alert with its numbers, newest first.
SELECT time_us(window_start_us) AS start, time_us(window_end_us) AS end, severity, round(score, 3) AS score, detector, entity,
       state, json_extract(row, '$.summary') AS summary
FROM alert
WHERE window_end_us > :from AND window_start_us < :to
ORDER BY window_start_us DESC, id
LIMIT :limit
