"""What tests of several folders use; what one folder alone uses lies beside its tests."""
