"""The numbers of a service are those of Prometheus."""

from tfft.serving.numbers import Numbers


def test_requests_batches_and_waiting_inputs_are_counted():
    numbers = Numbers(lambda: 7)
    for status in (200, 200, 422):
        numbers.request("POST", "/predict", status, 0.02)
    numbers.request("GET", "/anything", 404, 0.5)
    numbers.batch(5)
    text = numbers.text().decode()
    assert 'tfft_requests_total{path="/predict",status="200"} 2.0' in text
    assert 'tfft_requests_total{path="other",status="404"} 1.0' in text
    assert "tfft_request_seconds_count 3.0" in text
    assert 'tfft_request_seconds_bucket{le="0.025"} 3.0' in text
    assert "tfft_batch_inputs_sum 5.0" in text
    assert "tfft_waiting_inputs 7.0" in text
